// Find nuclei by flows towards their centres.
//
// In:  an image as argument, or else the current image.
// Out: a label image, current; its LUT shows each label in a colour of its own.
//
// Needs the model: deepimagej install example:cellpose
// Without a display: deepimagej macro cellpose.ijm IMAGE

image = getArgument();
if (image != "") open(image);
run("DeepImageJ Run", "model=[Nuclei Cellpose]");
getStatistics(area, mean, min, count);
print(count + " nuclei in " + getTitle());
