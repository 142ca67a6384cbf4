package dev.postern.runners.server;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The two ways to give an answer: as one document, or as events while it is made. */
final class AnswerSink {
  private AnswerSink() {}

  /** What both ways need to know. */
  record Answering(
      ServedCall call,
      AnswerWriter writer,
      List<String> echoes,
      int promptTokens,
      int samples,
      int n) {

    /** The prompt's text when it is to be repeated before this answer, else empty. */
    String echo(int index) {
      return echoes.isEmpty() ? "" : echoes.get(index / samples);
    }
  }

  /** Collects the answers and sends the best {@code n} of each prompt's {@code samples}. */
  static final class Document implements GenerationRun.Sink {
    private final Answering answering;
    private final List<Collected> answers = new ArrayList<>();

    private static final class Collected {
      final StringBuilder text = new StringBuilder();
      final List<ScoredToken> tokens = new ArrayList<>();
      final StringBuilder thoughts = new StringBuilder();
      final CollectedCalls calls = new CollectedCalls();
      String reason = "stop";
      double meanLogprob;

      AnswerWriter.Finished finished() {
        return new AnswerWriter.Finished(
            new Delta(text.toString(), tokens, thoughts.toString(), calls.whole()), reason);
      }

      double meanLogprob() {
        return meanLogprob;
      }
    }

    Document(Answering answering, int count) {
      this.answering = answering;
      for (int i = 0; i < count; i++) {
        answers.add(new Collected());
      }
    }

    @Override
    public void begun(int index, List<ScoredToken> prompt) {
      var answer = answers.get(index);
      answer.text.append(answering.echo(index));
      answer.tokens.addAll(prompt);
    }

    @Override
    public void delta(int index, Delta delta) {
      var answer = answers.get(index);
      answer.text.append(delta.text());
      answer.tokens.addAll(delta.tokens());
      answer.thoughts.append(delta.thoughts());
      delta.calls().forEach(answer.calls::add);
    }

    @Override
    public void finished(int index, String finishReason, double meanLogprob) {
      var answer = answers.get(index);
      answer.reason = finishReason;
      answer.meanLogprob = meanLogprob;
    }

    @Override
    public void done(GenerationRun.Totals totals) {
      var choices = new ArrayList<AnswerWriter.Finished>();
      for (int from = 0; from < answers.size(); from += answering.samples()) {
        var samples = answers.subList(from, from + answering.samples());
        if (answering.samples() > answering.n()) {
          samples =
              samples.stream()
                  .sorted(Comparator.comparingDouble(Collected::meanLogprob).reversed())
                  .toList();
        }
        samples.stream().limit(answering.n()).map(Collected::finished).forEach(choices::add);
      }
      answering.call().json(answering.writer().document(choices, answering.promptTokens(), totals));
    }

    @Override
    public void failed(Throwable cause) {
      answering.call().fail(cause);
    }
  }

  /** Sends every piece at once; the head goes out with the first one. */
  static final class Events implements GenerationRun.Sink {
    private final Answering answering;
    private final EventOutput output;
    private final int[] sentCharacters;
    private boolean sent;

    Events(Answering answering, EventOutput output, int count) {
      this.answering = answering;
      this.output = output;
      sentCharacters = new int[count];
    }

    @Override
    public void begun(int index, List<ScoredToken> prompt) {
      sent = true;
      output.send(answering.writer().opening(index, answering.promptTokens()));
      var echo = answering.echo(index);
      if (!echo.isEmpty()) {
        delta(index, new Delta(echo, prompt));
      }
    }

    @Override
    public void delta(int index, Delta delta) {
      output.send(answering.writer().delta(index, delta, sentCharacters[index]));
      sentCharacters[index] += delta.text().codePointCount(0, delta.text().length());
    }

    @Override
    public void finished(int index, String finishReason, double meanLogprob) {
      output.send(answering.writer().closing(index, finishReason));
    }

    @Override
    public void done(GenerationRun.Totals totals) {
      if (answering.writer().includeUsage()) {
        output.send(answering.writer().usage(answering.promptTokens(), totals));
      }
      output.end();
    }

    @Override
    public void failed(Throwable cause) {
      if (sent) {
        output.fail(ApiFailure.of(cause));
      } else {
        answering.call().fail(cause);
      }
    }
  }
}
