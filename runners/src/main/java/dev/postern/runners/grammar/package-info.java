/**
 * Answers held to a grammar. An {@link dev.postern.runners.grammar.AnswerShape} with its JSON
 * Schemas becomes {@link dev.postern.runners.grammar.Expression}s over bytes, those become an
 * {@link dev.postern.runners.grammar.Automaton} once, and a {@link
 * dev.postern.runners.grammar.GrammarConstraint} walks it along with the tokens of one answer.
 */
@NullMarked
package dev.postern.runners.grammar;

import org.jspecify.annotations.NullMarked;
