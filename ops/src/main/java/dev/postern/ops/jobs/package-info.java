/** Work in the background on the models of a home, in processes of their own. */
@NullMarked
package dev.postern.ops.jobs;

import org.jspecify.annotations.NullMarked;
