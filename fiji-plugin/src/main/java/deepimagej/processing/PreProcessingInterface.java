package deepimagej.processing;

import java.util.ArrayList;
import java.util.HashMap;

/**
 * A step of a model before its network, in Java.
 * <p>
 * Package, name and methods are those of deepImageJ 2, so that classes compiled against it run here.
 * The class needs a constructor without parameters.
 * </p>
 */
public interface PreProcessingInterface {

	/**
	 * Makes the inputs of the network.
	 *
	 * @param map an <code>ImagePlus</code> for each input that has an image so far, a
	 *          <code>ResultsTable</code> for each that has a table, by the name of the input
	 * @return the inputs by name: an <code>ImagePlus</code>, a <code>ResultsTable</code> or an array
	 *         of numbers, such as <code>float[][]</code>
	 */
	HashMap<String, Object> deepimagejPreprocessing(HashMap<String, Object> map);

	/**
	 * Called before the step runs.
	 *
	 * @param files the paths of the model's attachments, for parameters
	 */
	void setConfigFiles(ArrayList<String> files);

	/**
	 * Asked for when the step returned nothing.
	 *
	 * @return why, or an empty text
	 */
	String error();
}
