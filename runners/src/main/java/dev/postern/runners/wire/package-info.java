/**
 * The OpenAI request shapes, parsed strictly. Shared by the runner's own server and the gateway, so
 * that both refuse the same bodies with the same words.
 */
@NullMarked
package dev.postern.runners.wire;

import org.jspecify.annotations.NullMarked;
