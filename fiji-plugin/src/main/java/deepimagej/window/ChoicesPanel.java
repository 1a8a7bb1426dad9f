package deepimagej.window;

import ij.ImageListener;
import ij.ImagePlus;

import java.awt.GridBagConstraints;
import java.awt.GridBagLayout;
import java.awt.Insets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import javax.swing.JComponent;
import javax.swing.JLabel;
import javax.swing.JPanel;
import javax.swing.SwingUtilities;

/** Images and choices of a run. */
final class ChoicesPanel implements ImageListener {

	private final JPanel panel = new JPanel(new GridBagLayout());
	private final List<ImageRow> images = new ArrayList<>();
	private final List<FieldRow> fields = new ArrayList<>();
	private final Map<String, String> kept = new HashMap<>();
	private final Runnable changed;
	private int column;
	private int line;
	private boolean isEnabled = true;

	/**
	 * @param changed what to do when a choice changes
	 */
	ChoicesPanel(final Runnable changed) {
		this.changed = changed;
	}

	JPanel panel() {
		return panel;
	}

	/** Shows the choices of a model; where the results are saved is kept from the last one. */
	void show(final Page page) {
		for (final FieldRow field : fields) {
			if (field.isWide()) kept.put(field.key(), field.choice()[1]);
		}
		panel.removeAll();
		images.clear();
		fields.clear();
		column = line = 0;
		for (final String[] input : page.inputs()) {
			final ImageRow row = new ImageRow(input, changed);
			images.add(row);
			place(row.label(), row.combo(), true);
		}
		for (final String[] field : page.fields()) {
			final FieldRow row = new FieldRow(field, changed);
			fields.add(row);
			place(row.label(), row.editor(), row.isWide());
			if (kept.containsKey(row.key())) row.take(kept.get(row.key()));
		}
		refreshImages();
		panel.revalidate();
		panel.repaint();
	}

	String[][] choices() {
		final List<String[]> choices = new ArrayList<>();
		for (final ImageRow row : images) choices.add(row.choice());
		for (final FieldRow row : fields) choices.add(row.choice());
		return choices.toArray(new String[0][]);
	}

	/** Marks the field that the problem is about. */
	void mark(final Verdict verdict) {
		for (final FieldRow row : fields) row.mark(row.key().equals(verdict.key()));
		for (final ImageRow row : images) row.mark(row.key().equals(verdict.key()));
	}

	/** Lets the user choose, or not while a run works; then the list of images stays as it is. */
	void setEnabled(final boolean enabled) {
		isEnabled = enabled;
		for (final FieldRow row : fields) enable(row.editor(), enabled);
		for (final ImageRow row : images) row.combo().setEnabled(enabled);
	}

	/** Keeps the images after a run, although the result is the active one now. */
	void holdImages() {
		for (final ImageRow row : images) row.hold();
	}

	private static void enable(final JComponent component, final boolean enabled) {
		component.setEnabled(enabled);
		for (final java.awt.Component child : component.getComponents()) child.setEnabled(enabled);
	}

	void refreshImages() {
		if (!isEnabled) return; // the macros of a run set the user's images aside for a while
		for (int i = 0; i < images.size(); i++) images.get(i).refresh(i);
	}

	/** Two choices a line; a wide one has a line of its own. */
	private void place(final JLabel label, final JComponent editor, final boolean isWide) {
		if (isWide && column != 0) newLine();
		final GridBagConstraints at = new GridBagConstraints();
		at.gridy = line;
		at.gridx = 2 * column;
		at.anchor = GridBagConstraints.LINE_START;
		at.insets = new Insets(4, column == 0 ? 0 : 16, 4, 8);
		panel.add(label, at);
		at.gridx++;
		at.gridwidth = isWide ? 3 : 1;
		at.weightx = isWide ? 2 : 1;
		at.fill = GridBagConstraints.HORIZONTAL;
		at.insets = new Insets(4, 0, 4, 0);
		panel.add(editor, at);
		if (isWide || column == 1) newLine();
		else column = 1;
	}

	private void newLine() {
		line++;
		column = 0;
	}

	private void imagesChanged() {
		SwingUtilities.invokeLater(() -> {
			refreshImages();
			changed.run();
		});
	}

	@Override
	public void imageOpened(final ImagePlus image) {
		imagesChanged();
	}

	@Override
	public void imageClosed(final ImagePlus image) {
		imagesChanged();
	}

	@Override
	public void imageUpdated(final ImagePlus image) {
		// pixels; what counts here is told by the others
	}
}
