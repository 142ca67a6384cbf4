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
