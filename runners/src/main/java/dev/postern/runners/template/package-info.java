/** Renders chat templates: the part of Jinja they use, with bounds on steps and output. */
@NullMarked
package dev.postern.runners.template;

import org.jspecify.annotations.NullMarked;
