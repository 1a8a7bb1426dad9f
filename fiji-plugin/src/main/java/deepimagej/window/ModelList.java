package deepimagej.window;

import java.awt.BorderLayout;
import java.awt.event.KeyAdapter;
import java.awt.event.KeyEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

import javax.swing.BorderFactory;
import javax.swing.DefaultListModel;
import javax.swing.DropMode;
import javax.swing.JLabel;
import javax.swing.JList;
import javax.swing.JPanel;
import javax.swing.JScrollPane;
import javax.swing.JTextField;
import javax.swing.ListSelectionModel;
import javax.swing.TransferHandler;
import javax.swing.event.DocumentEvent;
import javax.swing.event.DocumentListener;

/** Models to choose from, with a box to search them. */
final class ModelList {

	private final JPanel panel = new JPanel(new BorderLayout(0, 8));
	private final JTextField search = new JTextField();
	private DefaultListModel<Card> shown = new DefaultListModel<>();
	private final JList<Card> list = new JList<>(shown);
	private final JLabel count = new JLabel(" ");
	private final Consumer<Card> onSelected;
	private final List<Card> cards = new ArrayList<>();
	private String selected = "";
	private boolean isFilling;

	/**
	 * @param onSelected takes the card that was chosen, null where there is none
	 */
	ModelList(final Consumer<Card> onSelected) {
		this.onSelected = onSelected;
		search.setName("search");
		search.getAccessibleContext().setAccessibleName("Search models");
		search.putClientProperty("JTextField.placeholderText", "Search models (Ctrl+F)");
		search.putClientProperty("JTextField.showClearButton", Boolean.TRUE);
		search.getDocument().addDocumentListener(Changes.of(this::filter));
		search.addActionListener(event -> list.requestFocusInWindow()); // Enter must not run it
		search.addKeyListener(new KeyAdapter() {

			@Override
			public void keyPressed(final KeyEvent event) {
				if (event.getKeyCode() == KeyEvent.VK_DOWN) list.requestFocusInWindow();
			}
		});
		list.setName("models");
		list.getAccessibleContext().setAccessibleName("Models");
		list.setSelectionMode(ListSelectionModel.SINGLE_SELECTION);
		list.setCellRenderer(new CardRenderer(new Pictures(list::repaint)));
		list.setFixedCellHeight(CardRenderer.HEIGHT);
		list.setFixedCellWidth(200); // rows are as wide as the list; no card is measured
		list.addListSelectionListener(event -> {
			if (!event.getValueIsAdjusting() && !isFilling) tell();
		});
		final JScrollPane scroll = new JScrollPane(list,
			JScrollPane.VERTICAL_SCROLLBAR_AS_NEEDED, JScrollPane.HORIZONTAL_SCROLLBAR_NEVER);
		scroll.getVerticalScrollBar().setUnitIncrement(CardRenderer.HEIGHT / 2);
		count.setBorder(BorderFactory.createEmptyBorder(0, 2, 0, 2));
		panel.add(search, BorderLayout.NORTH);
		panel.add(scroll, BorderLayout.CENTER);
		panel.add(count, BorderLayout.SOUTH);
	}

	JPanel panel() {
		return panel;
	}

	/** Lets the list take what is dropped on it. */
	void takeDrops(final TransferHandler handler) {
		list.setTransferHandler(handler);
		list.setDropMode(DropMode.ON); // the default shows the place by choosing the model there
	}

	/** Shows the models that Python found, and keeps the choice where it is still there. */
	void fill(final String[][] rows) {
		cards.clear();
		for (final String[] row : rows) cards.add(new Card(row));
		filter();
	}

	/** Chooses the model of this name, for instance one that was just installed. */
	void select(final String name) {
		search.setText("");
		for (int i = 0; i < shown.size(); i++) {
			if (shown.get(i).name().equals(name)) choose(i);
		}
	}

	void focusSearch() {
		search.requestFocusInWindow();
		search.selectAll();
	}

	private void filter() {
		shown = new DefaultListModel<>();
		for (final Card card : cards) {
			if (card.matches(search.getText())) shown.addElement(card);
		}
		isFilling = true;
		list.setModel(shown); // the list hears of all of them at once
		isFilling = false;
		final String all = cards.size() + (cards.size() == 1 ? " model" : " models");
		count.setText(shown.size() == cards.size() ? all : shown.size() + " of " + all);
		int index = shown.isEmpty() ? -1 : 0;
		for (int i = 0; i < shown.size(); i++) {
			if (shown.get(i).id().equals(selected)) index = i;
		}
		choose(index);
	}

	private void choose(final int index) {
		list.setSelectedIndex(index);
		if (index >= 0) list.ensureIndexIsVisible(index);
		else tell();
	}

	private void tell() {
		final Card card = list.getSelectedValue();
		final String id = card == null ? "" : card.id();
		if (card != null && id.equals(selected)) return;
		selected = id;
		onSelected.accept(card);
	}

	/** Makes the next {@link #fill} tell of the chosen model again, as if it were new. */
	void forget() {
		selected = "";
	}

	/** Listens to a text field. */
	static final class Changes implements DocumentListener {

		private final Runnable action;

		private Changes(final Runnable action) {
			this.action = action;
		}

		static DocumentListener of(final Runnable action) {
			return new Changes(action);
		}

		@Override
		public void insertUpdate(final DocumentEvent event) {
			action.run();
		}

		@Override
		public void removeUpdate(final DocumentEvent event) {
			action.run();
		}

		@Override
		public void changedUpdate(final DocumentEvent event) {
			// attributes only
		}
	}
}
