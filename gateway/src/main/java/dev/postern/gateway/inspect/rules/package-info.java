/**
 * Detectors made of rules: hand-written scanners that read each character a bounded number of
 * times. Checksums, issuer ranges and context words keep ordinary numbers out.
 */
@NullMarked
package dev.postern.gateway.inspect.rules;

import org.jspecify.annotations.NullMarked;
