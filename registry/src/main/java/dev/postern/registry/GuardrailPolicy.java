package dev.postern.registry;

import java.util.List;
import java.util.Map;

/**
 * What the gateway does about each kind of finding.
 *
 * @param version rises by one with each change; 0 is the shipped default
 * @param actions action by detector name, such as {@code pii.email}; a detector not named here is
 *     off
 * @param blockList words and phrases, matched whole and without case, under detector {@code
 *     topic.block_list}
 */
public record GuardrailPolicy(long version, Map<String, Action> actions, List<String> blockList) {

  /** The policy of a project that has none of its own. */
  public static final GuardrailPolicy SHIPPED =
      new GuardrailPolicy(
          0,
          Map.ofEntries(
              Map.entry("secret.private_key", Action.REDACT),
              Map.entry("secret.api_key", Action.REDACT),
              Map.entry("secret.jwt", Action.REDACT),
              Map.entry("secret.password", Action.FLAG),
              Map.entry("pii.card", Action.REDACT),
              Map.entry("pii.iban", Action.REDACT),
              Map.entry("pii.ssn", Action.REDACT),
              Map.entry("pii.passport", Action.FLAG),
              Map.entry("pii.email", Action.FLAG),
              Map.entry("pii.phone", Action.FLAG),
              Map.entry("pii.ip", Action.FLAG),
              Map.entry("topic.block_list", Action.BLOCK)),
          List.of());

  public GuardrailPolicy {
    actions = Map.copyOf(actions);
    blockList = List.copyOf(blockList);
  }

  /** In order of strength. */
  public enum Action {
    OFF,
    FLAG,
    REDACT,
    BLOCK
  }

  public Action actionFor(String detector) {
    return actions.getOrDefault(detector, Action.OFF);
  }
}
