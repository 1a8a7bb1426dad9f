package deepimagej.window;

import java.awt.Dimension;
import java.awt.Rectangle;
import java.awt.event.ActionEvent;
import java.awt.event.KeyEvent;

import javax.swing.AbstractAction;
import javax.swing.BorderFactory;
import javax.swing.JButton;
import javax.swing.JComponent;
import javax.swing.JPanel;
import javax.swing.JScrollPane;
import javax.swing.KeyStroke;
import javax.swing.Scrollable;

/** Parts that several windows have. */
final class Widgets {

	private Widgets() {
		// functions only
	}

	/** A button; `name` is how tests and tools find it. */
	static JButton button(final String name, final String text, final char mnemonic,
		final Runnable action)
	{
		final JButton button = new JButton(text);
		button.setName(name);
		button.setMnemonic(mnemonic);
		button.addActionListener(event -> action.run());
		return button;
	}

	/** Lets a key do something anywhere in the window of a component. */
	static void onKey(final JComponent component, final int key, final int modifiers,
		final Runnable action)
	{
		final KeyStroke stroke = KeyStroke.getKeyStroke(key, modifiers);
		final String name = KeyEvent.getKeyText(key) + modifiers;
		component.getInputMap(JComponent.WHEN_IN_FOCUSED_WINDOW).put(stroke, name);
		component.getActionMap().put(name, new AbstractAction() {

			private static final long serialVersionUID = 1L;

			@Override
			public void actionPerformed(final ActionEvent event) {
				action.run();
			}
		});
	}

	/** A scrolled view of content that is as wide as the view. */
	static JScrollPane scrolled(final JComponent content) {
		final Upright panel = new Upright();
		panel.setBorder(BorderFactory.createEmptyBorder(10, 12, 10, 12));
		panel.add(content);
		final JScrollPane pane = new JScrollPane(panel);
		pane.setBorder(BorderFactory.createEmptyBorder());
		pane.getVerticalScrollBar().setUnitIncrement(16);
		return pane;
	}

	private static final class Upright extends JPanel implements Scrollable {

		private static final long serialVersionUID = 1L;

		Upright() {
			super(new java.awt.BorderLayout());
		}

		@Override
		public Dimension getPreferredScrollableViewportSize() {
			return getPreferredSize();
		}

		@Override
		public int getScrollableUnitIncrement(final Rectangle view, final int orientation,
			final int direction)
		{
			return 16;
		}

		@Override
		public int getScrollableBlockIncrement(final Rectangle view, final int orientation,
			final int direction)
		{
			return view.height - 16;
		}

		@Override
		public boolean getScrollableTracksViewportWidth() {
			return true;
		}

		@Override
		public boolean getScrollableTracksViewportHeight() {
			return false;
		}
	}
}
