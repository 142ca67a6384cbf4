@NullMarked
package dev.postern.gateway.pipeline;

import org.jspecify.annotations.NullMarked;
