package deepimagej;

import ij.IJ;

import java.lang.reflect.InvocationTargetException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

import javax.script.ScriptContext;
import javax.script.SimpleScriptContext;

/**
 * Finds Python where ImageJ2 was started from it, as PyImageJ and Fiji's Python mode do.
 * <p>
 * PyImageJ leaves a function that runs Python code among the objects of SciJava, under this name.
 * SciJava is reached by reflection, as plain ImageJ has none.
 * </p>
 */
final class PythonMode {

	private static final String FUNCTION = "PythonScriptRunner";
	private static final String CONTEXT = "org.scijava.Context";
	private static final String SERVICE = "org.scijava.object.ObjectService";
	private static final String CONNECT = "try:\n" + //
		"    import deepimagej\n" + //
		"    deepimagej.start()\n" + //
		"    answer = ''\n" + //
		"except Exception as error:\n" + //
		"    answer = f'{type(error).__name__}: {error}'\n" + //
		"answer\n";

	private PythonMode() {
		// functions only
	}

	/**
	 * Lets the Python of this process answer our commands.
	 *
	 * @return null if it was asked to; what it said against it; "" if there is no Python
	 */
	static String connect() {
		final Function<Object, Object> python = find();
		if (python == null) return "";
		try {
			final Object answer = python.apply(new Code(CONNECT));
			final String text = answer == null ? "" : answer.toString();
			return text.isEmpty() ? null : text;
		}
		catch (final RuntimeException exc) {
			return exc.toString(); // PyImageJ's function itself failed
		}
	}

	@SuppressWarnings("unchecked")
	private static Function<Object, Object> find() {
		try {
			final Class<?> type = Class.forName(SERVICE, false, IJ.getClassLoader());
			final Object context = IJ.runPlugIn(CONTEXT, "");
			if (context == null) return null;
			final Object service =
				context.getClass().getMethod("getService", Class.class).invoke(context, type);
			final List<Object> functions =
				(List<Object>) type.getMethod("getObjects", Class.class).invoke(service, Function.class);
			for (final Object function : functions) {
				final Object name = type.getMethod("getName", Object.class).invoke(service, function);
				if (FUNCTION.equals(name)) return (Function<Object, Object>) function;
			}
			return null;
		}
		catch (final ClassNotFoundException | NoSuchMethodException exc) {
			return null; // plain ImageJ, or an ImageJ2 of another age
		}
		catch (final IllegalAccessException | InvocationTargetException exc) {
			throw new IllegalStateException(exc);
		}
	}

	/** What the function takes; it reads these fields by name. */
	public static final class Code {

		/** The code. */
		public final String script;
		/** Its variables; it fills them. */
		public final Map<String, Object> vars = new HashMap<>();
		/** Where it prints to. */
		public final ScriptContext scriptContext = new SimpleScriptContext();

		Code(final String script) {
			this.script = script;
		}
	}
}
