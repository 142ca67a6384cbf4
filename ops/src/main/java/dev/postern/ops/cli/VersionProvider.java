package dev.postern.ops.cli;

import picocli.CommandLine.IVersionProvider;

/** Reads the version that the build wrote into the jar's manifest. */
public final class VersionProvider implements IVersionProvider {
  @Override
  public String[] getVersion() {
    var version = VersionProvider.class.getPackage().getImplementationVersion();
    return new String[] {
      "postern " + (version == null ? "(not packaged)" : version),
      "java " + Runtime.version() + " on " + System.getProperty("os.arch")
    };
  }
}
