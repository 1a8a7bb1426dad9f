package deepimagej.window;

import java.awt.BorderLayout;
import java.awt.Color;
import java.awt.Component;
import java.awt.Font;
import java.awt.GridLayout;

import javax.swing.BorderFactory;
import javax.swing.JLabel;
import javax.swing.JList;
import javax.swing.JPanel;
import javax.swing.ListCellRenderer;
import javax.swing.UIManager;

/** Draws a model of the list: picture, name, what it does, and the engine or what is missing. */
final class CardRenderer implements ListCellRenderer<Card> {

	static final int HEIGHT = 68;
	private static final int PICTURE = 48;

	private final JPanel panel = new JPanel(new BorderLayout(10, 0));
	private final JLabel picture = new JLabel();
	private final JLabel name = new JLabel();
	private final JLabel caption = new JLabel();
	private final JLabel badge = new JLabel();
	private final Pictures pictures;

	CardRenderer(final Pictures pictures) {
		this.pictures = pictures;
		final JPanel texts = new JPanel(new GridLayout(3, 1));
		texts.setOpaque(false);
		texts.add(name);
		texts.add(caption);
		texts.add(badge);
		panel.add(picture, BorderLayout.LINE_START);
		panel.add(texts, BorderLayout.CENTER);
		panel.setBorder(BorderFactory.createEmptyBorder(6, 8, 6, 8));
	}

	@Override
	public Component getListCellRendererComponent(final JList<? extends Card> list,
		final Card card, final int index, final boolean selected, final boolean focused)
	{
		final Color text = selected ? list.getSelectionForeground() : list.getForeground();
		final Font font = UIManager.getFont("Label.font");
		panel.setBackground(selected ? list.getSelectionBackground() : list.getBackground());
		panel.setComponentOrientation(list.getComponentOrientation());
		name.setFont(font.deriveFont(Font.BOLD));
		caption.setFont(font.deriveFont(font.getSize2D() - 1));
		badge.setFont(font.deriveFont(font.getSize2D() - 1));
		picture.setIcon(pictures.icon(card.picture(), PICTURE, new TaskIcon(card.task(), PICTURE)));
		picture.setEnabled(card.isReady());
		name.setText(card.name());
		name.setForeground(text);
		caption.setText(card.caption());
		caption.setForeground(selected ? text : Look.muted());
		badge.setText(card.isReady() ? card.badge() : card.reason());
		badge.setForeground(selected ? text : card.isReady() ? Look.muted() : Look.warning());
		panel.setToolTipText(card.isReady() ? card.name() : card.name() + ": " + card.reason());
		return panel;
	}
}
