package deepimagej.window;

import java.awt.Toolkit;
import java.awt.datatransfer.StringSelection;

/** The clipboard. */
final class Clip {

	private Clip() {
		// functions only
	}

	static void copy(final String text) {
		final StringSelection selection = new StringSelection(text);
		Toolkit.getDefaultToolkit().getSystemClipboard().setContents(selection, null);
	}
}
