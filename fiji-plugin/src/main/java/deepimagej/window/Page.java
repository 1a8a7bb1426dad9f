package deepimagej.window;

/** All there is to read about a model, and what can be chosen for its run. */
public final class Page {

	private final String header;
	private final String picture;
	private final String bibtex;
	private final String[][] tabs;
	private final String[][] inputs;
	private final String[][] fields;
	private final boolean hasSample;

	/**
	 * A page, made by Python.
	 *
	 * @param texts the HTML beside the picture, the picture's file or "", the citations as BibTeX
	 * @param tabs title and HTML of each
	 * @param inputs for each image of a run the key of its field, its label and its help
	 * @param fields for each choice its key, label, help, kind ("choice", "text", "size", "folder"),
	 *          first text, and the texts to choose from
	 * @param hasSample whether the bundle has an image to try it on
	 */
	public Page(final String[] texts, final String[][] tabs, final String[][] inputs,
		final String[][] fields, final boolean hasSample)
	{
		header = texts[0];
		picture = texts[1];
		bibtex = texts[2];
		this.tabs = tabs.clone();
		this.inputs = inputs.clone();
		this.fields = fields.clone();
		this.hasSample = hasSample;
	}

	String header() {
		return header;
	}

	String picture() {
		return picture;
	}

	String bibtex() {
		return bibtex;
	}

	String[][] tabs() {
		return tabs;
	}

	String[][] inputs() {
		return inputs;
	}

	String[][] fields() {
		return fields;
	}

	boolean hasSample() {
		return hasSample;
	}
}
