/** Guardrails: what prompts and answers are checked for, and what is done about findings. */
@NullMarked
package dev.postern.gateway.inspect;

import org.jspecify.annotations.NullMarked;
