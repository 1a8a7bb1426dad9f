package deepimagej.window;

import ij.ImagePlus;
import ij.WindowManager;

import javax.swing.DefaultComboBoxModel;
import javax.swing.JComboBox;
import javax.swing.JLabel;

/** The choice among the open images for one input of a model. */
final class ImageRow {

	private final String key;
	private final JLabel label;
	private final JComboBox<Item> combo = new JComboBox<>();
	private final boolean isOptional;
	private boolean isFilling;
	private boolean isChosen;
	private int result;

	/**
	 * @param input key, label and help; a fourth word for an input that may be left out
	 * @param changed what to do when the user chooses another image
	 */
	ImageRow(final String[] input, final Runnable changed) {
		key = input[0];
		isOptional = input.length > 3;
		label = new JLabel(input[1]);
		label.setLabelFor(combo);
		combo.setName(key);
		combo.setToolTipText(input[2]);
		combo.getAccessibleContext().setAccessibleName(input[1]);
		combo.setPrototypeDisplayValue(new Item(0, "an image with a title"));
		combo.addActionListener(event -> {
			if (isFilling) return;
			isChosen = true;
			changed.run();
		});
	}

	JLabel label() {
		return label;
	}

	JComboBox<?> combo() {
		return combo;
	}

	/**
	 * Lists the open images: the active one until the user chose another.
	 *
	 * @param number the first input takes the active image, the next ones those after it
	 */
	void refresh(final int number) {
		isFilling = true;
		final ImagePlus active = WindowManager.getCurrentImage();
		if (result != 0 && active != null && active.getID() != result) {
			isChosen = false; // the user turned to another image
			result = 0;
		}
		final Item before = (Item) combo.getSelectedItem();
		final DefaultComboBoxModel<Item> items = new DefaultComboBoxModel<>();
		final int[] ids = WindowManager.getIDList();
		Item chosen = null;
		if (isOptional) items.addElement(new Item(0, "(none)"));
		if (isOptional) chosen = items.getElementAt(0);
		int at = 0;
		for (final int id : ids == null ? new int[0] : ids) {
			final ImagePlus image = WindowManager.getImage(id);
			if (image == null) continue;
			final boolean isActive = image == active;
			final Item item = new Item(id, image.getTitle() + (isActive ? "  (active)" : ""));
			items.addElement(item);
			final boolean isKept = isChosen && before != null && before.id == id;
			final boolean isDefault = number == 0 ? isActive : at == number;
			if (isKept || !isOptional && chosen == null && !isChosen && isDefault) chosen = item;
			at++;
		}
		if (chosen == null && items.getSize() > 0) {
			isChosen = false; // the image that was chosen is closed
			chosen = items.getElementAt(0);
		}
		items.setSelectedItem(chosen);
		combo.setModel(items);
		combo.setEnabled(items.getSize() > 0);
		isFilling = false;
	}

	/** Keeps the image after a run, although the result is the active one now. */
	void hold() {
		final ImagePlus active = WindowManager.getCurrentImage();
		isChosen = true;
		result = active == null ? 0 : active.getID();
	}

	/** The id of the image; empty where none is open. */
	String[] choice() {
		final Item item = (Item) combo.getSelectedItem();
		return new String[] { key, item == null || item.id == 0 ? "" : Integer.toString(item.id) };
	}

	void mark(final boolean wrong) {
		combo.putClientProperty("JComponent.outline", wrong ? "error" : null);
		label.setForeground(wrong ? Look.warning() : null);
	}

	String key() {
		return key;
	}

	private static final class Item {

		private final int id;
		private final String title;

		Item(final int id, final String title) {
			this.id = id;
			this.title = title;
		}

		@Override
		public String toString() {
			return title;
		}
	}
}
