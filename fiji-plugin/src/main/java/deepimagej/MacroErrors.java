package deepimagej;

import ij.IJ;
import ij.Macro;
import ij.macro.Interpreter;

import java.awt.GraphicsEnvironment;
import java.awt.HeadlessException;

/**
 * Keeps what stopped a macro for the program that called it, where ImageJ would open a dialog.
 * <p>
 * The ImageJ classes on the class path are changed to call this one; see
 * <code>deepimagej/host/patching.py</code>. Kept per thread: a macro runs on the thread of its
 * caller.
 * </p>
 */
public final class MacroErrors {

	private static final String NEEDS_DISPLAY = "A function that needs a display was called headless";
	private static final ThreadLocal<Integer> DEPTH = ThreadLocal.withInitial(() -> 0);
	private static final ThreadLocal<String> FIRST = new ThreadLocal<>();

	private MacroErrors() {
		// only static methods
	}

	/** From here on, errors of macros on this thread are kept and no dialog is shown. */
	public static void begin() {
		if (DEPTH.get() == 0) FIRST.remove();
		DEPTH.set(DEPTH.get() + 1);
	}

	/**
	 * Ends what the latest {@link #begin} began.
	 *
	 * @return the first error since then, with ImageJ's line number; null if there was none
	 */
	public static String end() {
		final String message = FIRST.get();
		FIRST.remove();
		DEPTH.set(DEPTH.get() - 1);
		return message;
	}

	/**
	 * Called in place of ImageJ's error dialog.
	 *
	 * @param message ImageJ's message
	 * @return false if ImageJ shall show the dialog
	 */
	public static boolean caught(final String message) {
		if (!isQuiet()) return false;
		if (DEPTH.get() == 0) IJ.log(message);
		else if (FIRST.get() == null) FIRST.set(message);
		return true;
	}

	/**
	 * Called where ImageJ shows a stack trace.
	 *
	 * @param error what a command or a macro function threw
	 * @return false if ImageJ shall go on as it always does
	 */
	public static boolean caught(final Throwable error) {
		if (Macro.MACRO_CANCELED.equals(error.getMessage())) return false;
		return caught(describe(error) + line());
	}

	/**
	 * Whether a macro called by another one failed, so that the other must not go on.
	 *
	 * @return true if an error is kept
	 */
	public static boolean isPending() {
		return FIRST.get() != null;
	}

	private static boolean isQuiet() {
		return DEPTH.get() > 0 || GraphicsEnvironment.isHeadless();
	}

	private static String describe(final Throwable error) {
		final String text = error.getMessage();
		// The second is what ij1-patcher's dialog throws when a macro gives it no values.
		if (error instanceof HeadlessException || text != null && text.contains("headless dialog"))
			return NEEDS_DISPLAY;
		return error.getClass().getSimpleName() + (text == null ? "" : ": " + text);
	}

	private static String line() {
		final Interpreter interpreter = Interpreter.getInstance();
		return interpreter == null ? "" : " in line " + interpreter.getLineNumber();
	}
}
