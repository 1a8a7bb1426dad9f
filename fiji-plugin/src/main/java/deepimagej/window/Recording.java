package deepimagej.window;

import ij.IJ;
import ij.plugin.frame.Recorder;

/** What the Recorder gets after a run that succeeded. */
public final class Recording {

	private static final String START = "run(";
	private static final String INSTALL = "run(\"DeepImageJ Install Model\"";

	private Recording() {
		// functions only
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
