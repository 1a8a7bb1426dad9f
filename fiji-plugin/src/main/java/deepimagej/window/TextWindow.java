package deepimagej.window;

import java.awt.Dimension;
import java.awt.Font;
import java.awt.Frame;
import java.awt.event.KeyEvent;

import javax.swing.JComponent;
import javax.swing.JDialog;
import javax.swing.JScrollPane;
import javax.swing.JTextArea;

/** A text to be read: the source of a macro, help, what this is. */
final class TextWindow {

	private TextWindow() {
		// only show
	}

	/** Asks the desk for a text and shows it. */
	static void open(final Frame owner, final Desk desk, final String name) {
		Background.ask(() -> desk.text(name), text -> show(owner, desk, text),
			failure -> ErrorDialog.show(owner, failure));
	}

	private static void show(final Frame owner, final Desk desk, final String[] text) {
		final JDialog dialog = new JDialog(owner, text[0], false);
		dialog.setName("text");
		final boolean isHtml = text[1].startsWith("<");
		final JComponent view = isHtml ? html(owner, desk, text[1]) : plain(text[1]);
		view.setName("text view");
		final JScrollPane scroll = isHtml ? Widgets.scrolled(view) : new JScrollPane(view);
		scroll.setPreferredSize(new Dimension(680, 520));
		dialog.setContentPane(scroll);
		Widgets.onKey(scroll, KeyEvent.VK_ESCAPE, 0, dialog::dispose);
		dialog.pack();
		dialog.setLocationRelativeTo(owner);
		dialog.setVisible(true);
	}

	private static JComponent html(final Frame owner, final Desk desk, final String text) {
		final HtmlView view = new HtmlView(name -> open(owner, desk, name));
		view.show(text);
		return view;
	}

	private static JComponent plain(final String text) {
		final JTextArea area = new JTextArea(text);
		area.setEditable(false);
		area.setFont(new Font(Font.MONOSPACED, Font.PLAIN, area.getFont().getSize()));
		area.setCaretPosition(0);
		area.setTabSize(4);
		return area;
	}
}
