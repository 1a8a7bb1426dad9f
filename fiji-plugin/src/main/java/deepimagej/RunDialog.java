package deepimagej;

import ij.IJ;
import ij.gui.GenericDialog;

/** The plain dialog of "DeepImageJ Run": from fields to the options of a macro line. */
final class RunDialog {

	private static final String[] STAGES = { "auto", "none", "zoo" };

	private RunDialog() {
		// only ask
	}

	/**
	 * Asks for the options of a run.
	 *
	 * @param title the title of the dialog
	 * @param models the models to choose from
	 * @return the options, null if the user cancelled or there is no model
	 */
	static String ask(final String title, final String[] models) {
		if (models.length == 0) {
			IJ.showMessage(title, "There is no model on this machine yet.\n" +
				"Install one with the command: deepimagej install FOLDER_OR_ZIP");
			return null;
		}
		final GenericDialog dialog = new GenericDialog(title);
		dialog.addChoice("Model", models, models[0]);
		dialog.addChoice("Preprocessing", STAGES, STAGES[0]);
		dialog.addChoice("Postprocessing", STAGES, STAGES[0]);
		dialog.addStringField("Tile", "auto", 12);
		dialog.showDialog();
		if (dialog.wasCanceled()) return null;
		return option("model", dialog.getNextChoice()) +
			option("preprocessing", dialog.getNextChoice()) +
			option("postprocessing", dialog.getNextChoice()) +
			option("tile", dialog.getNextString()).trim();
	}

	private static String option(final String key, final String value) {
		final String text = value.trim();
		return key + "=" + (text.indexOf(' ') >= 0 ? "[" + text + "]" : text) + " ";
	}
}
