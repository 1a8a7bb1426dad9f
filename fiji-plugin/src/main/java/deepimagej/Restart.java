package deepimagej;

import ij.IJ;
import ij.ImageJ;
import ij.ImagePlus;
import ij.WindowManager;
import ij.gui.YesNoCancelDialog;
import ij.io.FileSaver;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;

/** Starts this Fiji again, from the Python that <code>deepimagej install-plugin</code> noted. */
final class Restart {

	/** Beside the jar; written by deepimagej/host/fiji_plugin.py. */
	private static final String NOTE = "DeepImageJ_Run.properties";
	private static final String PYTHON = "python";
	private static final String MAIN = "import sys; from deepimagej.cli import main; sys.exit(main())";
	/** Seconds after which a new Fiji that still runs is taken to have started. */
	private static final int PATIENCE = 10;
	private static final int OLDEST_JAVA = 11;

	private final File python;
	private final File fiji;

	private Restart(final File python, final File fiji) {
		this.python = python;
		this.fiji = fiji;
	}

	/**
	 * Finds what the installation noted.
	 *
	 * @return null if nothing was noted, or the Python is gone
	 */
	static Restart find() {
		try {
			final Path jar =
				Paths.get(Restart.class.getProtectionDomain().getCodeSource().getLocation().toURI());
			final Properties note = new Properties();
			try (BufferedReader reader =
				Files.newBufferedReader(jar.resolveSibling(NOTE), StandardCharsets.UTF_8))
			{
				note.load(reader);
			}
			final File python = new File(note.getProperty(PYTHON, ""));
			final File fiji = jar.getParent().getParent().toFile();
			return python.isFile() ? new Restart(python, fiji) : null;
		}
		catch (final IOException | URISyntaxException | RuntimeException exc) {
			return null; // no note
		}
	}

	/** How to start this Fiji from Python by hand. */
	String command() {
		final String name = System.getProperty("os.name").startsWith("Windows") ? "deepimagej.exe"
			: "deepimagej";
		final File shell = new File(python.getParentFile(), name);
		return "\"" + shell + "\" gui --fiji \"" + fiji + "\"";
	}

	/** Asks the user, starts the new Fiji with the open images, and quits this one. */
	void offer(final String title) {
		final YesNoCancelDialog dialog = new YesNoCancelDialog(IJ.getInstance(), title,
			"DeepImageJ runs in Python, and this Fiji was started without it.\n" +
				"Restart Fiji from Python? The open images come along.", "Restart", "Not now");
		if (!dialog.yesPressed()) return;
		try {
			final String problem = launch(saveImages());
			if (problem == null) quit();
			else IJ.showMessage(title, "Fiji did not start from Python:\n" + problem + "\n" +
				"Look closer in a terminal: " + command());
		}
		catch (final IOException exc) {
			IJ.showMessage(title, "Fiji did not start from Python:\n" + exc.getMessage());
		}
	}

	private static List<String> saveImages() throws IOException {
		final List<String> files = new ArrayList<>();
		final int[] numbers = WindowManager.getIDList();
		if (numbers == null) return files;
		final Path folder = Files.createTempDirectory("deepimagej-images");
		for (final int number : numbers) {
			final ImagePlus image = WindowManager.getImage(number);
			final String title = image.getTitle().replaceAll("[^\\w.-]", "_");
			final Path file = folder.resolve(files.size() + "").resolve(
				title.matches("(?i).*\\.tiff?") ? title : title + ".tif");
			Files.createDirectories(file.getParent());
			// Not saveAsTiff: that gives the image itself the new title, and calls it saved.
			final byte[] tiff = new FileSaver(image).serialize();
			if (tiff == null) throw new IOException("The image " + image.getTitle() + " is too large.");
			Files.write(file, tiff);
			files.add(file.toString());
		}
		return files;
	}

	/** Returns null if the new Fiji runs, else the last thing that it said. */
	private String launch(final List<String> images) throws IOException {
		final List<String> command = new ArrayList<>();
		command.add(python.getPath());
		command.add("-c");
		command.add(MAIN);
		command.add("gui");
		command.add("--fiji");
		command.add(fiji.getPath());
		command.addAll(images);
		final File log = File.createTempFile("deepimagej-start", ".log");
		final ProcessBuilder builder =
			new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log);
		if (javaVersion() >= OLDEST_JAVA) {
			builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
		}
		final Process process = builder.start();
		process.getOutputStream().close();
		try {
			if (!process.waitFor(PATIENCE, TimeUnit.SECONDS)) return null;
		}
		catch (final InterruptedException exc) {
			Thread.currentThread().interrupt();
			return null;
		}
		final List<String> said = Files.readAllLines(log.toPath());
		return said.isEmpty() ? "It ended with the code " + process.exitValue() + "."
			: said.get(said.size() - 1);
	}

	private static int javaVersion() {
		final String version = System.getProperty("java.specification.version");
		return version.startsWith("1.") ? 8 : Integer.parseInt(version);
	}

	private static void quit() {
		final ImageJ window = IJ.getInstance();
		final int[] numbers = WindowManager.getIDList();
		if (numbers != null) for (final int number : numbers) {
			WindowManager.getImage(number).changes = false; // the new Fiji has it
		}
		if (window != null) window.quit();
	}
}
