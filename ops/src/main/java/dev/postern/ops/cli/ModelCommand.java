package dev.postern.ops.cli;

import picocli.CommandLine.Command;

/** Models of an installation. */
@Command(name = "model", description = "Imports and lists models.", mixinStandardHelpOptions = true)
public final class ModelCommand {}
