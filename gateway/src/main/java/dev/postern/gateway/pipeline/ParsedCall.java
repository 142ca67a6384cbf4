package dev.postern.gateway.pipeline;

import dev.postern.runners.wire.InferenceRequest;

/** A call whose caller and body are known to be good. */
public record ParsedCall(InferenceCall call, Caller caller, InferenceRequest request) {}
