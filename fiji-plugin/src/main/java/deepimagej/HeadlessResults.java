package deepimagej;

/** ImageJ's Results window where there is no display. */
public final class HeadlessResults {

	private HeadlessResults() {
		// only static methods
	}

	/**
	 * Called in place of <code>IJ.isResultsWindow()</code>: without a window, ImageJ would throw away
	 * the rows measured so far whenever it adds one.
	 *
	 * @return true
	 */
	public static boolean isResultsWindow() {
		return true;
	}
}
