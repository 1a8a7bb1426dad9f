package deepimagej.window;

import java.awt.Frame;

import javax.swing.SwingUtilities;

import ij.IJ;

/** Which window answers which command of the menu. */
public final class Windows {

	private static volatile Desk desk;

	private Windows() {
		// functions only
	}

	/**
	 * Says who answers the windows.
	 *
	 * @param newDesk implemented in Python, null for nobody
	 */
	public static void setDesk(final Desk newDesk) {
		desk = newDesk;
	}

	/**
	 * Opens the window of a command that was called from the menu.
	 *
	 * @param command the name in the menu
	 * @return whether it has one
	 */
	public static boolean open(final String command) {
		final Desk answering = desk;
		if (answering == null) return false;
		final Runnable window;
		switch (command) {
			case "DeepImageJ Run":
				window = () -> RunWindow.open(answering);
				break;
			case "DeepImageJ Install Model":
				window = () -> InstallWindow.open(answering);
				break;
			case "DeepImageJ Help":
				window = () -> TextWindow.open(owner(), answering, "help");
				break;
			case "DeepImageJ About":
				window = () -> TextWindow.open(owner(), answering, "about");
				break;
			default:
				return false;
		}
		SwingUtilities.invokeLater(() -> {
			Look.install();
			window.run();
		});
		return true;
	}

	private static Frame owner() {
		return IJ.getInstance();
	}
}
