package deepimagej.window;

import deepimagej.Answer;

import java.awt.BorderLayout;
import java.awt.Dimension;
import java.awt.FlowLayout;
import java.awt.Font;
import java.awt.Frame;
import java.awt.event.KeyEvent;

import javax.swing.BorderFactory;
import javax.swing.JButton;
import javax.swing.JDialog;
import javax.swing.JLabel;
import javax.swing.JPanel;
import javax.swing.JScrollPane;
import javax.swing.JTextArea;
import javax.swing.UIManager;

/** Tells a failure: one sentence, the way out, and the details for who asks for them. */
public final class ErrorDialog {

	private static final int WIDTH = 560;

	private final JDialog dialog;
	private final JScrollPane details;
	private final JButton more;

	private ErrorDialog(final Frame owner, final Answer answer) {
		dialog = new JDialog(owner, "DeepImageJ", false);
		dialog.setName("error");
		final JTextArea message = prose(answer.text(), Font.BOLD);
		message.setName("error message");
		final JTextArea hint = prose(answer.hint(), Font.PLAIN);
		hint.setName("error hint");
		final JTextArea log = new JTextArea(answer.details(), 14, 60);
		log.setName("error details");
		log.setEditable(false);
		log.setFont(new Font(Font.MONOSPACED, Font.PLAIN, log.getFont().getSize() - 1));
		details = new JScrollPane(log);
		details.setVisible(false);
		more = Widgets.button("details", "Details", 'D', this::toggle);
		more.setVisible(!answer.details().isEmpty());
		final String report = answer.text() + "\n" + answer.hint() + "\n\n" + answer.details();
		final JButton copy = Widgets.button("copy report", "Copy report", 'C', () -> Clip.copy(
			report));
		final JButton close = Widgets.button("close error", "Close", 'l', dialog::dispose);
		final JPanel texts = new JPanel(new BorderLayout(0, 6));
		texts.add(message, BorderLayout.NORTH);
		texts.add(hint, BorderLayout.CENTER);
		final JPanel buttons = new JPanel(new FlowLayout(FlowLayout.TRAILING, 8, 0));
		buttons.add(more);
		buttons.add(copy);
		buttons.add(close);
		final JLabel icon = new JLabel(UIManager.getIcon("OptionPane.errorIcon"));
		icon.setVerticalAlignment(JLabel.TOP);
		final JPanel top = new JPanel(new BorderLayout(14, 0));
		top.add(icon, BorderLayout.LINE_START);
		top.add(texts, BorderLayout.CENTER);
		final JPanel content = new JPanel(new BorderLayout(0, 14));
		content.setBorder(BorderFactory.createEmptyBorder(16, 16, 14, 16));
		content.add(top, BorderLayout.NORTH);
		content.add(details, BorderLayout.CENTER);
		content.add(buttons, BorderLayout.SOUTH);
		dialog.setContentPane(content);
		dialog.getRootPane().setDefaultButton(close);
		Widgets.onKey(content, KeyEvent.VK_ESCAPE, 0, dialog::dispose);
		dialog.pack();
		dialog.setLocationRelativeTo(owner);
	}

	/**
	 * Shows the dialog; nobody waits for it. To be called on the event thread.
	 *
	 * @param owner the window that it is about, may be null
	 * @param answer a failed answer
	 */
	public static void show(final Frame owner, final Answer answer) {
		Look.install();
		new ErrorDialog(owner, answer).dialog.setVisible(true);
	}

	private void toggle() {
		details.setVisible(!details.isVisible());
		more.setText(details.isVisible() ? "Hide details" : "Details");
		dialog.pack();
	}

	private static JTextArea prose(final String text, final int style) {
		final JTextArea area = new JTextArea(text);
		area.setEditable(false);
		area.setOpaque(false);
		area.setBorder(null);
		area.setLineWrap(true);
		area.setWrapStyleWord(true);
		area.setFont(UIManager.getFont("Label.font").deriveFont(style));
		// The height of wrapped text is known for a width only.
		area.setSize(new Dimension(WIDTH, Short.MAX_VALUE));
		area.setPreferredSize(new Dimension(WIDTH, area.getPreferredSize().height));
		return area;
	}
}
