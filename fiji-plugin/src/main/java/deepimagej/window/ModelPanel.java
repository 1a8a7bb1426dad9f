package deepimagej.window;

import java.awt.BorderLayout;
import java.awt.Color;
import java.awt.FlowLayout;
import java.awt.Frame;
import java.util.ArrayList;
import java.util.List;

import javax.swing.BorderFactory;
import javax.swing.JButton;
import javax.swing.JLabel;
import javax.swing.JPanel;
import javax.swing.JTabbedPane;
import javax.swing.JTextArea;
import javax.swing.UIManager;

/** What is shown of one model: who made it, what it takes, how it runs. */
final class ModelPanel {

	private static final int PICTURE = 84;

	private final JPanel panel = new JPanel(new BorderLayout(0, 8));
	private final JLabel picture = new JLabel();
	private final HtmlView header;
	private final JTabbedPane tabs = new JTabbedPane();
	private final List<HtmlView> views = new ArrayList<>();
	private final ChoicesPanel choices;
	private final JTextArea preview = new JTextArea();
	private final JButton copyFull = copyButton("copy line", "Copy macro line", 'M',
		"The line with all that was resolved: it repeats the run exactly.");
	private final JButton copyShort = copyButton("copy short line", "Copy short line", 'L',
		"The line without what has its default.");
	private final JButton copyPython = copyButton("copy python", "Copy Python", 'P',
		"The same run as Python.");
	private final JButton copyBibtex = copyButton("copy bibtex", "Copy citation (BibTeX)", 'B',
		"What to cite when you use this model.");
	private final Pictures pictures = new Pictures(this::drawPicture);
	private final Desk desk;
	private final Frame frame;
	private Page page;
	private String resolved = "";
	private Verdict verdict;

	/**
	 * @param changed what to do when a choice changes
	 */
	ModelPanel(final Desk desk, final Frame frame, final Runnable changed) {
		this.desk = desk;
		this.frame = frame;
		header = new HtmlView(this::open);
		header.setName("header");
		choices = new ChoicesPanel(() -> {
			resolved = "";
			changed.run();
		});
		final JPanel top = new JPanel(new BorderLayout(14, 0));
		top.setBorder(BorderFactory.createEmptyBorder(0, 4, 0, 0));
		picture.setVerticalAlignment(JLabel.TOP);
		top.add(picture, BorderLayout.LINE_START);
		top.add(header, BorderLayout.CENTER);
		tabs.setName("tabs");
		tabs.addChangeListener(event -> showTab());
		tabs.addTab("Run", Widgets.scrolled(runTab()));
		panel.setBorder(BorderFactory.createEmptyBorder(0, 6, 0, 0));
		panel.add(top, BorderLayout.NORTH);
		panel.add(tabs, BorderLayout.CENTER);
	}

	JPanel panel() {
		return panel;
	}

	ChoicesPanel choices() {
		return choices;
	}

	boolean isEmpty() {
		return page == null;
	}

	boolean hasSample() {
		return page != null && page.hasSample();
	}

	void show(final Page newPage) {
		final int tab = tabs.getSelectedIndex();
		page = newPage;
		verdict = null;
		resolved = "";
		drawPicture();
		header.show(page.header());
		choices.show(page);
		preview.setText("");
		while (tabs.getTabCount() > 1) tabs.removeTabAt(1);
		views.clear();
		for (final String[] text : page.tabs()) {
			final HtmlView view = new HtmlView(this::open);
			view.setName("page " + text[0]);
			view.keep(text[1]);
			views.add(view);
			tabs.addTab(text[0], Widgets.scrolled(view));
		}
		for (int i = 0; i < tabs.getTabCount(); i++) tabs.setMnemonicAt(i, '1' + i);
		tabs.setSelectedIndex(Math.min(tab, tabs.getTabCount() - 1));
		showTab();
		for (final JButton button : new JButton[] { copyFull, copyShort, copyPython }) {
			button.setEnabled(false); // until the choices are judged
		}
		copyBibtex.setEnabled(!page.bibtex().isEmpty());
	}

	/** Lays out the page of the tab that is seen. */
	private void showTab() {
		final int index = tabs.getSelectedIndex() - 1;
		if (index >= 0 && index < views.size()) views.get(index).showKept();
	}

	/** Says what the choices come to. */
	void tell(final Verdict newVerdict) {
		verdict = newVerdict;
		choices.mark(verdict);
		preview.setText(verdict.isLegal() ? verdict.preview() : verdict.problem());
		colorPreview();
		copyFull.setEnabled(!verdict.fullLine().isEmpty());
		copyShort.setEnabled(!verdict.shortLine().isEmpty());
		copyPython.setEnabled(!verdict.python().isEmpty());
	}

	/** Keeps the line of a finished run until a choice changes. */
	void keepLine(final String line) {
		if (line != null && !line.isEmpty()) resolved = line;
	}

	private JPanel runTab() {
		preview.setName("preview");
		preview.setEditable(false);
		preview.setFocusable(false);
		preview.setOpaque(false);
		preview.setLineWrap(true);
		preview.setWrapStyleWord(true);
		preview.setRows(4);
		preview.addPropertyChangeListener("UI", event -> colorPreview());
		final JPanel copies = new JPanel(new FlowLayout(FlowLayout.LEADING, 8, 4));
		for (final JButton button : new JButton[] { copyFull, copyShort, copyPython, copyBibtex }) {
			copies.add(button);
		}
		copyFull.addActionListener(event -> Clip.copy(resolved.isEmpty() ? verdict.fullLine()
			: resolved));
		copyShort.addActionListener(event -> Clip.copy(verdict.shortLine()));
		copyPython.addActionListener(event -> Clip.copy(verdict.python()));
		copyBibtex.addActionListener(event -> Clip.copy(page.bibtex()));
		final JPanel tab = new JPanel(new BorderLayout(0, 10));
		tab.add(choices.panel(), BorderLayout.NORTH);
		tab.add(preview, BorderLayout.CENTER);
		tab.add(copies, BorderLayout.SOUTH);
		return tab;
	}

	private void colorPreview() {
		final Color normal = UIManager.getColor("Label.foreground");
		preview.setFont(UIManager.getFont("Label.font"));
		preview.setForeground(verdict == null || verdict.isLegal() ? normal : Look.warning());
	}

	private static JButton copyButton(final String name, final String text, final char mnemonic,
		final String help)
	{
		final JButton button = new JButton(text);
		button.setName(name);
		button.setMnemonic(mnemonic);
		button.setToolTipText(help);
		button.setEnabled(false);
		return button;
	}

	private void drawPicture() {
		if (page == null) return;
		picture.setVisible(!page.picture().isEmpty());
		picture.setIcon(pictures.icon(page.picture(), PICTURE, new TaskIcon("", PICTURE)));
	}

	private void open(final String name) {
		TextWindow.open(frame, desk, name);
	}
}
