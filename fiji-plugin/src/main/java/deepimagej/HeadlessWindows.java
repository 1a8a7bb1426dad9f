package deepimagej;

import ij.plugin.filter.Analyzer;
import ij.plugin.frame.RoiManager;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * What macros say to tool windows where there is no display.
 * <p>
 * Recorded macros open the window "B&amp;C" before they change the contrast and close it afterwards
 * with <code>selectWindow("B&amp;C"); run("Close");</code>. Opening changes no image, so it is passed
 * over; and the closing must not hit the current image, which it would without the window.
 * </p>
 */
public final class HeadlessWindows {

	private static final Set<String> TOOLS =
		new HashSet<>(Arrays.asList("ij.plugin.frame.ContrastAdjuster",
			"ij.plugin.frame.ThresholdAdjuster", "ij.plugin.frame.Channels",
			"ij.plugin.frame.ColorPicker"));

	/** Titles of the tools, and of the windows whose content is there without them. */
	private static final Set<String> TITLES =
		new HashSet<>(Arrays.asList("B&C", "W&L", "Color", "Threshold", "Channels", "CP", "Results",
			"Summary", "Log", "ROI Manager"));

	private static String front;

	private HeadlessWindows() {
		// functions only
	}

	/**
	 * Whether a command only opens a tool window.
	 *
	 * @param className the class of the command, as in ImageJ's table
	 * @return true if there is nothing to do
	 */
	public static boolean isTool(final String className) {
		return TOOLS.contains(className);
	}

	/**
	 * Called by <code>selectWindow</code> first of all.
	 *
	 * @param title the title that the macro gave
	 * @return true if it is a window that is not there headless
	 */
	public static boolean select(final String title) {
		front = TITLES.contains(title) ? title : null;
		return front != null;
	}

	/**
	 * Called by <code>run("Close")</code> first of all.
	 *
	 * @return true if it closed what the macro selected last, so that no image is closed
	 */
	public static boolean close() {
		final String closed = front;
		front = null;
		if ("Results".equals(closed)) Analyzer.resetCounter();
		if ("ROI Manager".equals(closed) && RoiManager.getRawInstance() != null) {
			RoiManager.getRawInstance().reset();
		}
		return closed != null;
	}
}
