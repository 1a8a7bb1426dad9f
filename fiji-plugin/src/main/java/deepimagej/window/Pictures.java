package deepimagej.window;

import java.awt.Component;
import java.awt.Graphics;
import java.awt.Graphics2D;
import java.awt.Image;
import java.awt.RenderingHints;
import java.io.File;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

import javax.imageio.ImageIO;
import javax.swing.Icon;

/** Small pictures from files, read in the background and kept. */
final class Pictures {

	private final Map<String, Image> known = new HashMap<>();
	private final Runnable repaint;

	/**
	 * @param repaint what to do when another picture is there
	 */
	Pictures(final Runnable repaint) {
		this.repaint = repaint;
	}

	/** A picture in a square of some size; `otherwise` until it was read, or if it cannot be. */
	Icon icon(final String file, final int size, final Icon otherwise) {
		if (file.isEmpty()) return otherwise;
		if (!known.containsKey(file)) {
			known.put(file, null);
			Background.ask(() -> read(file), image -> {
				known.put(file, image);
				repaint.run();
			}, failure -> {
				// the icon of the task stays
			});
		}
		final Image image = known.get(file);
		return image == null ? otherwise : new Scaled(image, size);
	}

	private static Image read(final String file) throws IOException {
		return ImageIO.read(new File(file));
	}

	/** An image as large as fits into a square, drawn at the resolution of the screen. */
	private static final class Scaled implements Icon {

		private final Image image;
		private final int size;

		Scaled(final Image image, final int size) {
			this.image = image;
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
			g.setRenderingHint(RenderingHints.KEY_INTERPOLATION,
				RenderingHints.VALUE_INTERPOLATION_BICUBIC);
			final double longest = Math.max(image.getWidth(null), image.getHeight(null));
			final int width = (int) Math.round(size * image.getWidth(null) / longest);
			final int height = (int) Math.round(size * image.getHeight(null) / longest);
			g.drawImage(image, x + (size - width) / 2, y + (size - height) / 2, width, height, null);
			g.dispose();
		}
	}
}
