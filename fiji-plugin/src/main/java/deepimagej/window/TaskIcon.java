package deepimagej.window;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Component;
import java.awt.Graphics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.RoundRectangle2D;

import javax.swing.Icon;

/** A drawing of what a model does, for those without a picture. */
final class TaskIcon implements Icon {

	/** The drawings are made on a field of so many units. */
	private static final double UNITS = 48;

	private final String task;
	private final int size;

	TaskIcon(final String task, final int size) {
		this.task = task;
		this.size = size;
	}

	@Override
	public int getIconWidth() {
		return size;
	}

	@Override
	public int getIconHeight() {
		return size;
	}

	@Override
	public void paintIcon(final Component component, final Graphics graphics, final int x,
		final int y)
	{
		final Graphics2D g = (Graphics2D) graphics.create();
		g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
		g.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
		g.translate(x, y);
		g.scale(size / UNITS, size / UNITS);
		g.setColor(new Color(0x24303c));
		g.fill(new RoundRectangle2D.Double(0, 0, UNITS, UNITS, 8, 8));
		g.setStroke(new BasicStroke(2));
		draw(g);
		g.dispose();
	}

	private void draw(final Graphics2D g) {
		switch (task) {
			case "segmentation":
				blob(g, 8, 10, 16, 14, 0x4fb3bf);
				blob(g, 24, 8, 15, 18, 0xf2a65a);
				blob(g, 16, 26, 19, 14, 0x9b7ede);
				break;
			case "detection":
				dots(g, new int[] { 12, 13, 33, 17, 20, 34 }, 5);
				break;
			case "localisation":
				dots(g, new int[] { 9, 12, 20, 20, 31, 12, 37, 27, 14, 34, 26, 38, 23, 9 }, 2);
				break;
			case "restoration":
				wave(g, 0x5f6b76, 6, 7);
				wave(g, 0x4fb3bf, 1, 12);
				break;
			case "classification":
				bars(g);
				break;
			default:
				layers(g);
		}
	}

	private static void blob(final Graphics2D g, final double x, final double y, final double w,
		final double h, final int rgb)
	{
		g.setColor(new Color(rgb));
		g.fill(new Ellipse2D.Double(x, y, w, h));
	}

	private static void dots(final Graphics2D g, final int[] at, final int radius) {
		for (int i = 0; i < at.length; i += 2) {
			blob(g, at[i] - radius, at[i + 1] - radius, 2 * radius, 2 * radius, 0x4fb3bf);
			g.setColor(Color.WHITE);
			final int r = radius + 3;
			g.draw(new Ellipse2D.Double(at[i] - r, at[i + 1] - r, 2 * r, 2 * r));
		}
	}

	/** A curve with noise of some height. */
	private static void wave(final Graphics2D g, final int rgb, final double noise,
		final double height)
	{
		final Path2D path = new Path2D.Double();
		for (int x = 6; x <= 42; x++) {
			final double rough = noise * Math.sin(x * 12.9898) * Math.cos(x * 4.1414);
			final double y = 24 - height * Math.sin((x - 6) / 36.0 * 2 * Math.PI) + rough;
			if (x == 6) path.moveTo(x, y);
			else path.lineTo(x, y);
		}
		g.setColor(new Color(rgb));
		g.draw(path);
	}

	private static void bars(final Graphics2D g) {
		final int[] heights = { 10, 28, 16 };
		final int[] colors = { 0x4fb3bf, 0xf2a65a, 0x9b7ede };
		for (int i = 0; i < heights.length; i++) {
			g.setColor(new Color(colors[i]));
			g.fill(new RoundRectangle2D.Double(9 + 11 * i, 40 - heights[i], 8, heights[i], 2, 2));
		}
	}

	/** A small network. */
	private static void layers(final Graphics2D g) {
		final int[][] columns = { { 15, 33 }, { 10, 24, 38 }, { 24 } };
		g.setColor(new Color(0x5f6b76));
		for (int c = 0; c + 1 < columns.length; c++) {
			for (final int from : columns[c]) {
				for (final int to : columns[c + 1]) g.drawLine(10 + 14 * c, from, 24 + 14 * c, to);
			}
		}
		for (int c = 0; c < columns.length; c++) {
			for (final int y : columns[c]) blob(g, 6 + 14 * c, y - 4, 8, 8, 0x4fb3bf);
		}
	}
}
