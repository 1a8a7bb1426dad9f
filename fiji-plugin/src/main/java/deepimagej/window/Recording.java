package deepimagej.window;

import ij.IJ;
import ij.plugin.frame.Recorder;

import java.util.function.Supplier;

import javax.swing.Timer;

/** What the Recorder gets after a run that succeeded. */
public final class Recording {

	private static final String START = "run(";
	private static final String INSTALL = "run(\"DeepImageJ Install Model\"";

	private static final int PAUSE = 500; // ms in which the windows of results become active

	private Recording() {
		// functions only
	}

	/** Records nothing while a run opens its results: the line that makes them says it all. */
	static void suspend() {
		Recorder.suspendRecording(); // of the event thread, which makes windows active
	}

	/** The same for the thread on which the run works. */
	static <T> T unrecorded(final Supplier<T> work) {
		Recorder.suspendRecording();
		try {
			return work.get();
		}
		finally {
			Recorder.resumeRecording();
		}
	}

	/**
	 * Records again, first of all the line of the run.
	 *
	 * @param line as in the macro language; null for a run that is not recorded
	 */
	static void resume(final String line) {
		final Timer timer = new Timer(PAUSE, event -> {
			Recorder.resumeRecording();
			record(line);
		});
		timer.setRepeats(false);
		timer.start();
	}

	/**
	 * Records the one line that repeats a run.
	 *
	 * @param line as in the macro language
	 */
	public static void record(final String line) {
		if (line == null || line.isEmpty() || !IJ.recording()) return;
		if (!Recorder.scriptMode()) Recorder.recordString(line + "\n");
		else if (line.startsWith(INSTALL)) Recorder.recordCall("IJ." + line); // takes no image
		else Recorder.recordCall("IJ.run(imp, " + line.substring(START.length()));
	}
}
