@NullMarked
package dev.postern.gateway.http;

import org.jspecify.annotations.NullMarked;
