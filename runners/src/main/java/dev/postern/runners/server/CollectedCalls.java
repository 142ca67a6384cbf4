package dev.postern.runners.server;

import dev.postern.runners.server.AnswerParts.CallPiece;
import java.util.ArrayList;
import java.util.List;

/** Puts the pieces of calls together again. */
final class CollectedCalls {
  private final List<CallPiece> first = new ArrayList<>();
  private final List<StringBuilder> arguments = new ArrayList<>();

  void add(CallPiece piece) {
    if (piece.index() == first.size()) {
      first.add(piece);
      arguments.add(new StringBuilder());
    }
    arguments.get(piece.index()).append(piece.arguments());
  }

  /** Each call as one piece. */
  List<CallPiece> whole() {
    var calls = new ArrayList<CallPiece>();
    for (int i = 0; i < first.size(); i++) {
      var call = first.get(i);
      calls.add(new CallPiece(i, call.id(), call.name(), arguments.get(i).toString()));
    }
    return calls;
  }
}
