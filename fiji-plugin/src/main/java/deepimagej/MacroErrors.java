package deepimagej;

import ij.IJ;
import ij.ImageJ;
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
		if (DEPTH.get() == 0) log(message);
		else if (FIRST.get() == null) FIRST.set(message);
		return true;
	}

	/**
	 * Called when an exception leaves a macro.
	 *
	 * @param error what a macro function threw
	 * @param place " in line " and the number and text of the line
	 */
	public static void caught(final Throwable error, final String place) {
		if (isQuiet() && !isCancel(error)) caught(describe(error) + place);
	}

	/**
	 * Called when an exception leaves a command: stops the macro that called it, where ImageJ would
	 * show a stack trace and go on with the next line.
	 *
	 * @param command the name of the command
	 * @param error what it threw
	 */
	public static void commandFailed(final String command, final Throwable error) {
		final Interpreter macro = Interpreter.getInstance();
		if (macro == null || !isQuiet() || isCancel(error)) return;
		macro.abort(command + ": " + describe(error));
	}

	/**
	 * Called in place of {@link IJ#showMessage(String, String)} by <code>IJ.error</code> and by the
	 * macro function <code>exit("message")</code>.
	 *
	 * @param title the title of the dialog
	 * @param message the macro's message
	 */
	public static void showMessage(final String title, final String message) {
		final Interpreter macro = Interpreter.getInstance();
		if (macro != null && isQuiet()) macro.abort(message);
		else if (!caught(message)) IJ.showMessage(title, message);
	}

	/**
	 * Called in place of {@link IJ#handleException(Throwable)} after {@link #caught(Throwable,
	 * String)}.
	 *
	 * @param error what a macro function threw
	 */
	public static void handleException(final Throwable error) {
		if (!isQuiet()) IJ.handleException(error);
	}

	/**
	 * Whether a macro called by another one failed, so that the other must not go on.
	 *
	 * @return true if an error is kept
	 */
	public static boolean isPending() {
		return FIRST.get() != null;
	}

	/** Not to the Log window's stand-in headless, which is stdout: that is for results. */
	static void log(final String message) {
		if (isUnwatched()) System.err.println(message);
		else IJ.log(message);
	}

	/**
	 * Whether errors are kept or logged instead of shown: a dialog would block a program.
	 *
	 * @return true between {@link #begin} and {@link #end}, and where no user started the macro
	 */
	public static boolean isQuiet() {
		return DEPTH.get() > 0 || isUnwatched();
	}

	private static boolean isUnwatched() {
		if (GraphicsEnvironment.isHeadless()) return true;
		final ImageJ window = IJ.getInstance();
		return window == null || !window.isVisible() || isCalledByPython();
	}

	/** Java's own threads begin in Thread.run, those of a native program do not. */
	private static boolean isCalledByPython() {
		final StackTraceElement[] calls = Thread.currentThread().getStackTrace();
		return !Thread.class.getName().equals(calls[calls.length - 1].getClassName());
	}

	private static boolean isCancel(final Throwable error) {
		return Macro.MACRO_CANCELED.equals(error.getMessage());
	}

	private static String describe(final Throwable error) {
		final String text = error.getMessage();
		// The second is what ij1-patcher's dialog throws when a macro gives it no values.
		if (error instanceof HeadlessException || text != null && text.contains("headless dialog"))
			return "A function that needs a display was called headless";
		return error.getClass().getSimpleName() + (text == null ? "" : ": " + text);
	}
}
