package deepimagej;

/** What answers the commands: implemented in Python, registered with {@link Command#setRunner}. */
public interface Runner {

	/**
	 * Runs a command and returns when its results are registered.
	 *
	 * @param command the name in the menu, such as "DeepImageJ Run"
	 * @param options the options as in a macro line, "" if the caller gave none
	 * @return how it ended
	 */
	Answer run(String command, String options);

	/**
	 * The fields of a command's dialog, in the order in which they are shown.
	 *
	 * @param command the name in the menu
	 * @return for each field its key, its label, its first value, and the values to choose from;
	 *         none of these for a field to write in. No field at all if there is no model; null if
	 *         the command has no options.
	 */
	String[][] fields(String command);
}
