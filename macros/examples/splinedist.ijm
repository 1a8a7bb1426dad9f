// Find nuclei as closed splines.
//
// In:  an image as argument, or else the current image.
// Out: a label image, current; its LUT shows each label in a colour of its own.
//
// Needs the model: deepimagej install example:splinedist
// Without a display: deepimagej macro splinedist.ijm IMAGE

image = getArgument();
if (image != "") open(image);
run("DeepImageJ Run", "model=[Nuclei SplineDist]");
getStatistics(area, mean, min, count);
print(count + " nuclei in " + getTitle());
