@NullMarked
package dev.postern.gateway.admin;

import org.jspecify.annotations.NullMarked;
