package deepimagej;

import deepimagej.window.ErrorDialog;
import deepimagej.window.Recording;
import deepimagej.window.Windows;
import ij.IJ;
import ij.ImageJ;
import ij.Macro;
import ij.macro.Interpreter;
import ij.plugin.PlugIn;
import ij.plugin.frame.Recorder;

import java.awt.GraphicsEnvironment;

import javax.swing.SwingUtilities;

/**
 * A doorbell: every command of deepimagej takes its options and hands them to Python.
 * <p>
 * The name of the command is the argument in <code>plugins.config</code>.
 * </p>
 */
public class Command implements PlugIn {

	private static final String TITLE = "DeepImageJ";
	private static final String NO_PYTHON =
		"DeepImageJ runs in Python, and this ImageJ was started without it.";
	private static final String START = "deepimagej.start(mode=\"gui\")";

	private static volatile Runner runner;

	/**
	 * Says who answers the commands.
	 *
	 * @param newRunner the answering side, null for nobody
	 */
	public static void setRunner(final Runner newRunner) {
		runner = newRunner;
	}

	@Override
	public void run(final String name) {
		// First, and on this thread: ImageJ keeps the options per thread.
		final String options = Macro.getOptions();
		// A macro that fails inside the command takes ImageJ's note of the calling macro with it.
		final Interpreter macro = Interpreter.getInstance();
		final boolean scripted = options != null || IJ.isMacro();
		final String refusal = runner == null ? PythonMode.connect() : null;
		final Runner answering = runner;
		if (answering == null) {
			withoutPython(refusal, macro, scripted || GraphicsEnvironment.isHeadless());
		}
		else if (scripted || GraphicsEnvironment.isHeadless()) {
			finish(answering.run(name, options == null ? "" : options), macro, true);
		}
		else {
			runFromMenu(answering, name);
		}
	}

	private static void withoutPython(final String refusal, final Interpreter macro,
		final boolean scripted)
	{
		final Restart restart = Restart.find();
		if (refusal != null && !refusal.isEmpty()) {
			stop(Answer.failed("The Python of this ImageJ cannot run DeepImageJ.", refusal, ""), macro,
				scripted);
		}
		else if (scripted || restart == null) {
			stop(Answer.failed(NO_PYTHON, "Start ImageJ from Python: " + (restart == null ? START
				: restart.command()), ""), macro, scripted);
		}
		else restart.offer(TITLE);
	}

	private static void runFromMenu(final Runner answering, final String name) {
		// ImageJ would record the dialog's fields at once; the true line is known after the run.
		Recorder.setCommand(null);
		if (Windows.open(name)) return;
		final String[][] fields = answering.fields(name);
		final String options = fields == null ? "" : RunDialog.ask(name, fields);
		if (options != null) finish(answering.run(name, options), null, false);
	}

	private static void finish(final Answer answer, final Interpreter macro,
		final boolean scripted)
	{
		if (!answer.isDone()) stop(answer, macro, scripted);
		else if (!scripted) Recording.record(answer.text());
	}

	/**
	 * Stops the macro at this line, or tells the user of the menu.
	 * <p>
	 * Measured with 1.54p, in the main part of a macro, in a function and in batch mode:
	 * <code>Interpreter.abort(message)</code> and <code>IJ.error</code> stop it at once;
	 * <code>Interpreter.abortMacro()</code> stops it without a message, after waiting 2 s for itself;
	 * <code>Macro.abort()</code> and exceptions, that of <code>Macro.MACRO_CANCELED</code> too, let it
	 * go on. <code>IJ.error</code> finds the macro only until another one failed inside the command.
	 * None of them stops a macro that called this one; {@link MacroErrors} does.
	 * </p>
	 */
	private static void stop(final Answer answer, final Interpreter macro,
		final boolean scripted)
	{
		final String message = answer.message();
		if (macro != null) {
			macro.abort(message == null ? "Cancelled" : message);
		}
		else if (scripted) {
			if (message != null) MacroErrors.log(message);
			Macro.abort();
		}
		else if (message != null) {
			SwingUtilities.invokeLater(() -> ErrorDialog.show(IJ.getInstance(), answer));
		}
	}

	/**
	 * Starts ImageJ with the plugin, to try the menu; without Python the command only says so.
	 *
	 * @param args the folder that holds <code>plugins/DeepImageJ_Run.jar</code>
	 */
	public static void main(final String... args) {
		if (args.length > 0) System.setProperty("plugins.dir", args[0]);
		ImageJ.main(new String[0]);
	}
}
