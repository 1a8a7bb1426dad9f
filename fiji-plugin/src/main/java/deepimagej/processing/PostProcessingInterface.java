package deepimagej.processing;

import java.util.ArrayList;
import java.util.HashMap;

/**
 * A step of a model after its network, in Java.
 * <p>
 * Package, name and methods are those of deepImageJ 2, so that classes compiled against it run here.
 * The class needs a constructor without parameters.
 * </p>
 */
public interface PostProcessingInterface {

	/**
	 * Makes the results of the run.
	 *
	 * @param map the outputs of the network by name, <code>ImagePlus</code> and
	 *          <code>ResultsTable</code>
	 * @return the results by title, of the same two classes
	 */
	HashMap<String, Object> deepimagejPostprocessing(HashMap<String, Object> map);

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
