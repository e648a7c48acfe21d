int ls_placeholder(void){return 0;}
