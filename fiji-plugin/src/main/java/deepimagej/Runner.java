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
	 * The names of the models that can be chosen, in the order in which they are shown.
	 *
	 * @return the names, maybe none
	 */
	String[] models();
}
