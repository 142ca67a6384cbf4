package dev.postern.gateway.inspect;

import dev.postern.registry.GuardrailPolicy;

/**
 * What a detector found in one prompt or one answer; never the text itself.
 *
 * @param detector such as {@code pii.email}
 * @param action what the policy did about it, never {@code OFF}
 * @param count how often it was found
 */
public record Finding(String detector, GuardrailPolicy.Action action, int count) {}
