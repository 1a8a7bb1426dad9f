package deepimagej;

import ij.IJ;
import ij.gui.GenericDialog;

import java.util.Arrays;

/** The plain dialog of a command: from fields to the options of a macro line. */
final class RunDialog {

	/** Where a field has its key, label and first value; the values to choose from follow. */
	private static final int KEY = 0, LABEL = 1, VALUE = 2, CHOICES = 3;
	private static final int COLUMNS = 12;

	private RunDialog() {
		// only ask
	}

	/**
	 * Asks for the options of a command.
	 *
	 * @param title the title of the dialog
	 * @param fields the fields, as {@link Runner#fields} gives them
	 * @return the options, null if the user cancelled or there is no model
	 */
	static String ask(final String title, final String[][] fields) {
		if (fields.length == 0) {
			IJ.showMessage(title, "There is no model on this machine yet.\n" +
				"Install one with the command: deepimagej install FOLDER_OR_ZIP");
			return null;
		}
		final GenericDialog dialog = new GenericDialog(title);
		for (final String[] field : fields) {
			if (isChoice(field)) {
				final String[] choices = Arrays.copyOfRange(field, CHOICES, field.length);
				dialog.addChoice(field[LABEL], choices, field[VALUE]);
			}
			else dialog.addStringField(field[LABEL], field[VALUE], COLUMNS);
		}
		dialog.showDialog();
		if (dialog.wasCanceled()) return null;
		final StringBuilder options = new StringBuilder();
		for (final String[] field : fields) {
			final String value = isChoice(field) ? dialog.getNextChoice() : dialog.getNextString();
			options.append(option(field[KEY], value));
		}
		return options.toString().trim();
	}

	private static boolean isChoice(final String[] field) {
		return field.length > CHOICES;
	}

	/** A pair; nothing for an empty value, which is absent. */
	private static String option(final String key, final String value) {
		final String text = value.trim();
		if (text.isEmpty()) return "";
		return key + "=" + (text.indexOf(' ') >= 0 ? "[" + text + "]" : text) + " ";
	}
}
