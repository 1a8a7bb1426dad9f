// Find spread cells in phase contrast.
//
// In:  an image as argument, or else the current image.
// Out: a label image, current; its LUT shows each label in a colour of its own.
//
// Needs the model: deepimagej install example:deepwater
// Without a display: deepimagej macro deepwater.ijm IMAGE

image = getArgument();
if (image != "") open(image);
run("DeepImageJ Run", "model=[Phase Contrast DeepWater]");
getStatistics(area, mean, min, count);
print(count + " cells in " + getTitle());
