// Find nuclei by a U-Net and ImageJ's watershed.
//
// In:  an image as argument, or else the current image.
// Out: a label image, current; its LUT shows each label in a colour of its own.
//
// Needs the model: deepimagej install example:unet
// Without a display: deepimagej macro unet.ijm IMAGE

image = getArgument();
if (image != "") open(image);
run("DeepImageJ Run", "model=[Nuclei U-Net]");
getStatistics(area, mean, min, count);
print(count + " nuclei in " + getTitle());
