package deepimagej.window;

import ij.plugin.BrowserLauncher;

import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.util.function.Consumer;

import javax.swing.JEditorPane;
import javax.swing.UIManager;
import javax.swing.event.HyperlinkEvent;
import javax.swing.text.html.HTMLDocument;
import javax.swing.text.html.HTMLEditorKit;
import javax.swing.text.html.StyleSheet;

/** Shows HTML that Python wrote, in the fonts and colours of the windows. */
final class HtmlView extends JEditorPane {

	private static final long serialVersionUID = 1L;

	/** Links that lead to a text of the desk's, not to a browser. */
	private static final String OWN = "deepimagej:";

	private String html = "";
	private String kept;

	/**
	 * @param open takes the name of a text that a link leads to
	 */
	HtmlView(final Consumer<String> open) {
		setEditable(false);
		setOpaque(false);
		addHyperlinkListener(event -> {
			if (event.getEventType() == HyperlinkEvent.EventType.ACTIVATED) {
				follow(event.getDescription(), open);
			}
		});
	}

	/** Keeps what {@link #showKept} will show: laying a page out takes a while. */
	void keep(final String newHtml) {
		kept = newHtml;
	}

	void showKept() {
		if (kept != null) show(kept);
		kept = null;
	}

	void show(final String newHtml) {
		html = newHtml;
		final HTMLEditorKit kit = new HTMLEditorKit();
		final StyleSheet style = new StyleSheet();
		style.addStyleSheet(kit.getStyleSheet());
		addRules(style);
		final HTMLDocument document = new HTMLDocument(style);
		document.putProperty("IgnoreCharsetDirective", Boolean.TRUE);
		// Pictures are read with the page, so that its height is right at once.
		document.setAsynchronousLoadPriority(-1);
		setEditorKit(kit);
		setDocument(document);
		setText("<html><body>" + html + "</body></html>");
		setCaretPosition(0);
	}

	@Override
	public void updateUI() {
		super.updateUI();
		if (html != null && !html.isEmpty()) show(html);
	}

	private static void addRules(final StyleSheet style) {
		final Font font = UIManager.getFont("Label.font");
		final Color text = Look.color("Label.foreground", Color.BLACK);
		final Color link = Look.isDark() ? new Color(0x6cb6ff) : new Color(0x0b62c4);
		final Color code = Look.isDark() ? new Color(0x3a3f44) : new Color(0xeceff2);
		final String base = "font-family: '" + font.getFamily() + "'; font-size: " + font.getSize() +
			"pt; color: " + hex(text) + ";";
		style.addRule("body { " + base + " margin: 0; }");
		style.addRule("p { margin: 0 0 7px 0; }");
		style.addRule("h1 { font-size: 130%; margin: 10px 0 5px 0; }");
		style.addRule("h2 { font-size: 112%; margin: 10px 0 4px 0; }");
		style.addRule("h3, h4 { font-size: 100%; margin: 9px 0 4px 0; }");
		style.addRule("ul, ol { margin: 0 0 7px 18px; }");
		style.addRule("a { color: " + hex(link) + "; }");
		style.addRule(".muted { color: " + hex(Look.muted()) + "; }");
		style.addRule(".warning { color: " + hex(Look.warning()) + "; }");
		style.addRule("pre, code { font-family: Monospaced; font-size: " + (font.getSize() - 1) +
			"pt; background-color: " + hex(code) + "; }");
		style.addRule("pre { margin: 4px 0 8px 0; padding: 5px; }");
		style.addRule("td, th { padding: 2px 12px 2px 0; text-align: left; }");
	}

	static String hex(final Color color) {
		return String.format("#%06x", color.getRGB() & 0xffffff);
	}

	private static void follow(final String link, final Consumer<String> open) {
		if (link == null) return;
		if (link.startsWith(OWN)) open.accept(link.substring(OWN.length()));
		else if (link.startsWith("http://") || link.startsWith("https://")) browse(link);
	}

	private static void browse(final String address) {
		try {
			BrowserLauncher.openURL(address);
		}
		catch (final IOException problem) {
			Clip.copy(address);
		}
	}
}
