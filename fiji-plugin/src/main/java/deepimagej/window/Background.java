package deepimagej.window;

import deepimagej.Answer;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

import javax.swing.SwingUtilities;

/** Work away from the event thread, whose result comes back to it. */
final class Background {

	/** Short questions wait for each other; runs and installations have threads of their own. */
	private static final ExecutorService QUESTIONS = Executors.newSingleThreadExecutor(
		work -> daemon(work, "DeepImageJ questions"));

	private Background() {
		// functions only
	}

	/**
	 * Asks a short question.
	 *
	 * @param question runs on a worker thread
	 * @param answer takes the result, on the event thread
	 * @param failure takes why there is none, on the event thread
	 */
	static <T> void ask(final Callable<T> question, final Consumer<T> answer,
		final Consumer<Answer> failure)
	{
		QUESTIONS.execute(() -> pass(question, answer, failure));
	}

	/** Does what may take minutes; arguments as for {@link #ask}. */
	static <T> void work(final Callable<T> task, final Consumer<T> answer,
		final Consumer<Answer> failure)
	{
		daemon(() -> pass(task, answer, failure), "DeepImageJ work").start();
	}

	private static <T> void pass(final Callable<T> task, final Consumer<T> answer,
		final Consumer<Answer> failure)
	{
		try {
			final T result = task.call();
			SwingUtilities.invokeLater(() -> answer.accept(result));
		}
		catch (final Refusal refusal) {
			SwingUtilities.invokeLater(() -> failure.accept(refusal.reason()));
		}
		catch (final Exception problem) {
			final Answer bug = Answer.failed("Something went wrong inside DeepImageJ: " + problem,
				"Please report it, with what you did.", String.valueOf(problem.getCause()));
			SwingUtilities.invokeLater(() -> failure.accept(bug));
		}
	}

	private static Thread daemon(final Runnable work, final String name) {
		final Thread thread = new Thread(work, name);
		thread.setDaemon(true);
		return thread;
	}
}
