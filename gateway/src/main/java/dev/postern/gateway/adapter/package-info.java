/** The files of projects' adapters, and how runners come by them. */
@NullMarked
package dev.postern.gateway.adapter;

import org.jspecify.annotations.NullMarked;
