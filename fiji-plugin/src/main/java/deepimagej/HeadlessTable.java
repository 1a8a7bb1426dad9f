package deepimagej;

import ij.WindowManager;
import ij.measure.ResultsTable;
import ij.plugin.filter.Analyzer;
import ij.text.TextPanel;
import ij.text.TextWindow;

import java.awt.Component;
import java.awt.Frame;
import java.awt.GraphicsEnvironment;

/**
 * A window with a table where there is no display.
 * <p>
 * Without it ImageJ forgets, headless, every table but the Results table: <code>Table.create</code>
 * and all that follows would work on the Results. Made as {@link HeadlessRoiManager} is.
 * </p>
 */
public class HeadlessTable extends TextWindow {

	private static final long serialVersionUID = 1L;

	private ResultsTable table;

	private HeadlessTable() {
		super(null, null, 0, 0);
		throw new AssertionError("made without a constructor");
	}

	/**
	 * Called by {@link ResultsTable#show(String)} first of all.
	 *
	 * @param table the table to show
	 * @param title its title, null for the Results table
	 * @return false if ImageJ shall go on by itself
	 * @throws ReflectiveOperationException if this ImageJ or Java has other fields
	 */
	public static boolean show(final ResultsTable table, final String title)
		throws ReflectiveOperationException
	{
		if (!GraphicsEnvironment.isHeadless() || title == null || title.equals("Results")) return false;
		HeadlessRoiManager.put(ResultsTable.class, "title", table, title);
		HeadlessTable window = find(title);
		if (window == null) {
			window = open(title);
			window.table = (ResultsTable) table.clone(); // as ImageJ does for a new window
		}
		else {
			window.table = table;
		}
		window.toFront();
		return true;
	}

	/**
	 * The table that <code>getResult</code> and <code>nResults</code> speak of while the Results table
	 * is empty.
	 *
	 * @return the table in front; null if ImageJ shall go on by itself
	 */
	public static ResultsTable active() {
		if (Analyzer.getResultsTable().size() > 0) return null;
		final Frame front = WindowManager.getFrontWindow();
		if (front instanceof HeadlessTable) return ((HeadlessTable) front).table;
		final Frame[] windows = WindowManager.getNonImageWindows();
		for (int i = windows.length - 1; i >= 0; i--) // the newest first
			if (windows[i] instanceof HeadlessTable) return ((HeadlessTable) windows[i]).table;
		return null;
	}

	private static HeadlessTable find(final String title) {
		for (final Frame frame : WindowManager.getNonImageWindows())
			if (frame instanceof HeadlessTable && title.equals(frame.getTitle()))
				return (HeadlessTable) frame;
		return null;
	}

	private static HeadlessTable open(final String title) throws ReflectiveOperationException {
		final HeadlessTable window = HeadlessRoiManager.allocate(HeadlessTable.class);
		HeadlessRoiManager.put(Component.class, "objectLock", window, new Object());
		window.setTitle(title);
		WindowManager.addWindow(window);
		return window;
	}

	@Override
	public ResultsTable getResultsTable() {
		return table;
	}

	@Override
	public TextPanel getTextPanel() {
		return null;
	}

	@Override
	public void rename(final String title) {
		setTitle(title);
	}

	@Override
	public void toFront() {
		WindowManager.setWindow(this);
	}

	@Override
	public void setState(final int state) {
		// no window
	}

	@Override
	public void repaint() {
		// no window
	}

	@Override
	public void setVisible(final boolean visible) {
		// no window
	}

	@Override
	public boolean isVisible() {
		return true;
	}

	@Override
	public void close() {
		WindowManager.removeWindow(this);
	}

	@Override
	public void close(final boolean showDialog) {
		close();
	}

	@Override
	public void dispose() {
		close();
	}
}
