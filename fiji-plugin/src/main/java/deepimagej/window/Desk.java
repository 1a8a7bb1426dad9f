package deepimagej.window;

import deepimagej.Answer;

/**
 * What the windows ask of Python.
 * <p>
 * Every method may take long and is called on a worker thread, never on the event thread. What
 * cannot be answered is a {@link Refusal}.
 * </p>
 */
public interface Desk {

	/**
	 * The models of the library, in the order of the list.
	 *
	 * @return a row for each, as {@link Card} reads it
	 */
	String[][] models();

	/**
	 * All there is to read about a model, and what can be chosen for its run.
	 *
	 * @param model the model, as its card names it
	 * @return the page
	 */
	Page page(String model);

	/**
	 * What the choices come to, and what is wrong with them.
	 *
	 * @param model the model, as its card names it
	 * @param choices pairs of a field's key and its text
	 * @return the verdict
	 */
	Verdict judge(String model, String[][] choices);

	/**
	 * Runs a model and returns when its results are shown.
	 *
	 * @param model the model, as its card names it
	 * @param choices pairs of a field's key and its text
	 * @param job shows how far it is, and cancels it
	 * @return how it ended
	 */
	Answer run(String model, String[][] choices, Job job);

	/**
	 * Runs a model on the sample of its bundle and shows what its author expects beside the result.
	 *
	 * @param model the model, as its card names it
	 * @param choices pairs of a field's key and its text; those of images are passed over
	 * @param job shows how far it is, and cancels it
	 * @return how it ended, with a sentence about the difference
	 */
	Answer runSample(String model, String[][] choices, Job job);

	/**
	 * Installs a model.
	 *
	 * @param source a folder, a zip or an address
	 * @param replace whether a model of the same name is replaced
	 * @param job shows how far it is, and cancels it
	 * @return how it ended, with the name of the model as the sentence
	 */
	Answer install(String source, boolean replace, Job job);

	/**
	 * Trusts the code of a model, in exactly this state.
	 *
	 * @param model the model, as its card names it
	 */
	void trust(String model);

	/**
	 * A text to be read in a window of its own.
	 *
	 * @param name where a link of a page leads
	 * @return title and text
	 */
	String[] text(String name);
}
