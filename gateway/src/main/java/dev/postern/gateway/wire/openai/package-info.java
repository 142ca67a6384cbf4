/** The OpenAI wire format: errors, answers and event streams. */
@NullMarked
package dev.postern.gateway.wire.openai;

import org.jspecify.annotations.NullMarked;
