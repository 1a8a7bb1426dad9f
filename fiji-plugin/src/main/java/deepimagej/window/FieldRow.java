package deepimagej.window;

import java.awt.BorderLayout;
import java.util.Arrays;

import javax.swing.JButton;
import javax.swing.JComboBox;
import javax.swing.JComponent;
import javax.swing.JFileChooser;
import javax.swing.JLabel;
import javax.swing.JPanel;
import javax.swing.JTextField;

/** One choice of a run: its label and what the user chooses or writes. */
final class FieldRow {

	/** Columns of a field; the texts to choose from follow. */
	private static final int KEY = 0, LABEL = 1, HELP = 2, KIND = 3, VALUE = 4, CHOICES = 5;
	private static final int COLUMNS = 7;

	private final String key;
	private final JLabel label;
	private final JComponent editor;
	private final JTextField text;
	private final JComboBox<String> combo;

	/**
	 * @param field as {@link Page} has it
	 * @param changed what to do when the user changes it
	 */
	FieldRow(final String[] field, final Runnable changed) {
		key = field[KEY];
		label = new JLabel(field[LABEL]);
		label.setToolTipText(field[HELP]);
		final String[] choices = Arrays.copyOfRange(field, CHOICES, field.length);
		final boolean isWritten = !"choice".equals(field[KIND]);
		if (choices.length > 0) {
			combo = new JComboBox<>(choices);
			combo.setPrototypeDisplayValue("a format's name");
			combo.setEditable(isWritten);
			combo.setSelectedItem(field[VALUE]);
			combo.addActionListener(event -> changed.run());
			text = isWritten ? (JTextField) combo.getEditor().getEditorComponent() : null;
			editor = combo;
		}
		else {
			combo = null;
			text = new JTextField(field[VALUE], COLUMNS);
			editor = "folder".equals(field[KIND]) ? withChooser(text) : text;
		}
		if (text != null) {
			text.setName(key);
			text.getDocument().addDocumentListener(ModelList.Changes.of(changed));
			if (combo != null) text.setColumns(COLUMNS);
			text.setCaretPosition(0); // long texts show their beginning
		}
		final JComponent main = combo == null ? text : combo;
		if (combo != null) combo.setName(text == null ? key : key + " list");
		main.setToolTipText(field[HELP]);
		main.getAccessibleContext().setAccessibleName(field[LABEL]);
		label.setLabelFor(main);
	}

	private static JComponent withChooser(final JTextField text) {
		final JPanel panel = new JPanel(new BorderLayout(4, 0));
		final JButton button = Widgets.button("choose folder", "Choose ...", 'h', () -> {
			final JFileChooser chooser = new JFileChooser(text.getText());
			chooser.setFileSelectionMode(JFileChooser.DIRECTORIES_ONLY);
			if (chooser.showDialog(text, "Save here") == JFileChooser.APPROVE_OPTION) {
				text.setText(chooser.getSelectedFile().getPath());
			}
		});
		text.putClientProperty("JTextField.placeholderText", "results are shown, not saved");
		panel.setOpaque(false);
		panel.add(text, BorderLayout.CENTER);
		panel.add(button, BorderLayout.LINE_END);
		return panel;
	}

	String key() {
		return key;
	}

	JLabel label() {
		return label;
	}

	JComponent editor() {
		return editor;
	}

	/** Whether it takes the whole width. */
	boolean isWide() {
		return editor instanceof JPanel;
	}

	String[] choice() {
		if (text != null) return new String[] { key, text.getText() };
		return new String[] { key, String.valueOf(combo.getSelectedItem()) };
	}

	/** Takes the text of another page's field of the same meaning, where it fits. */
	void take(final String value) {
		if (combo != null) combo.setSelectedItem(value);
		else text.setText(value);
	}

	/** Marks the field that the problem is about; FlatLaf draws its outline red. */
	void mark(final boolean wrong) {
		final JComponent main = combo == null ? text : combo;
		main.putClientProperty("JComponent.outline", wrong ? "error" : null);
		label.setForeground(wrong ? Look.warning() : null);
	}
}
