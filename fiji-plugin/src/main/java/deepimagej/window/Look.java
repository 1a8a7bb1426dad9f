package deepimagej.window;

import ij.IJ;
import ij.Prefs;

import java.awt.Color;
import java.awt.Window;

import javax.swing.LookAndFeel;
import javax.swing.SwingUtilities;
import javax.swing.UIManager;
import javax.swing.UnsupportedLookAndFeelException;

/** How the windows look: FlatLaf where it is on the class path, light or dark. */
final class Look {

	private static final String LIGHT = "com.formdev.flatlaf.FlatLightLaf";
	private static final String DARK = "com.formdev.flatlaf.FlatDarkLaf";
	private static final String KEY = "deepimagej.dark";

	private static boolean isInstalled;
	private static boolean isOurs;

	private Look() {
		// functions only
	}

	/** Takes the look that the user chose last; called before a window is made. */
	static void install() {
		if (isInstalled) return;
		isInstalled = true;
		// A Fiji has a look of its own, chosen by its user.
		if (UIManager.getLookAndFeel().getClass().getName().contains("flatlaf")) return;
		// It would unpack a library for window borders, which these windows do not have.
		System.setProperty("flatlaf.useNativeLibrary", "false");
		isOurs = set(Prefs.get(KEY, false) ? DARK : LIGHT);
		if (!isOurs && !IJ.isLinux()) set(UIManager.getSystemLookAndFeelClassName());
	}

	/** Whether the user can choose between light and dark. */
	static boolean isSwitchable() {
		return isOurs;
	}

	static boolean isDark() {
		final Color background = color("Panel.background", Color.WHITE);
		return background.getRed() + background.getGreen() + background.getBlue() < 3 * 128;
	}

	static void setDark(final boolean dark) {
		if (!set(dark ? DARK : LIGHT)) return;
		Prefs.set(KEY, dark);
		for (final Window window : Window.getWindows()) {
			if (window instanceof javax.swing.RootPaneContainer) {
				SwingUtilities.updateComponentTreeUI(window);
			}
		}
	}

	static Color color(final String key, final Color otherwise) {
		final Color color = UIManager.getColor(key);
		return color == null ? otherwise : color;
	}

	/** For text that is less important. */
	static Color muted() {
		return isDark() ? new Color(0xa2a9b0) : new Color(0x5c6670);
	}

	/** For what keeps a model from running. */
	static Color warning() {
		return isDark() ? new Color(0xffa657) : new Color(0xa34700);
	}

	private static boolean set(final String name) {
		try {
			UIManager.setLookAndFeel((LookAndFeel) Class.forName(name).getConstructor().newInstance());
			return true;
		}
		catch (final ReflectiveOperationException | UnsupportedLookAndFeelException missing) {
			return false;
		}
	}
}
