package deepimagej;

import ij.macro.Interpreter;

/**
 * The options of a command where there is no display.
 * <p>
 * <code>run("Size...", "width=&w")</code> names a variable of the macro. ImageJ's dialogs look it
 * up; those that stand for them headless do not.
 * </p>
 */
public final class HeadlessOptions {

	private HeadlessOptions() {
		// only static methods
	}

	/**
	 * Called with what <code>ij.Macro.getValue</code> found.
	 *
	 * @param text the value of a key, may be null
	 * @return the value of the variable if it names one of the running macro, else the text as
	 *         ImageJ's dialogs take it
	 */
	public static String value(final String text) {
		final Interpreter macro = Interpreter.getInstance();
		if (macro == null || text == null || !text.startsWith("&")) return text;
		final String value = macro.getVariableAsString(text.substring(1));
		return value == null ? text.substring(1) : value;
	}
}
